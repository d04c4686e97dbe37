import { Controller, Get } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Cacheable } from '../../platform/http/cacheable.decorator.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { JwksView, JwkView } from './jwks.view.js';
import { SigningKeysService } from './signing-keys.service.js';

/** Shorter than any SIGNING_KEY_LEAD_SECONDS: a kept key set holds a key before it signs. */
const jwksSeconds = 300;

@Controller('.well-known/jwks.json')
export class JwksController {
  constructor(private readonly keys: SigningKeysService) {}

  /** The public keys that verify access tokens, for other services. */
  @Get()
  @Access.public()
  @Limit.none()
  @Cacheable(jwksSeconds)
  async read(): Promise<JwksView> {
    return { keys: (await this.keys.published()).map(JwkView.of) };
  }
}

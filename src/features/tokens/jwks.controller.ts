import { Controller, Get, Header } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { JwksView, JwkView } from './jwks.view.js';
import { SigningKeysService } from './signing-keys.service.js';

@Controller('.well-known/jwks.json')
export class JwksController {
  constructor(private readonly keys: SigningKeysService) {}

  /** The public keys that verify access tokens, for other services. */
  @Get()
  @Access.public()
  @Limit.none()
  @Header('cache-control', 'public, max-age=300')
  read(): JwksView {
    return { keys: this.keys.all().map(JwkView.of) };
  }
}

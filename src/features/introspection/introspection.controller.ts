import { applyDecorators, Body, Controller, HttpCode, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { AcceptsForm } from '../../platform/http/form.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { PresentToken } from './introspection.dto.js';
import { IntrospectionService, RevocationService } from './introspection.service.js';
import { IntrospectionView } from './introspection.view.js';

/** Takes a form, as the RFCs want it, or JSON, as everywhere here. */
const TokenRoute = (limit: 'introspection' | 'revocation'): MethodDecorator =>
  applyDecorators(AcceptsForm(), Limit(limit));

@Controller('auth')
export class IntrospectionController {
  constructor(
    private readonly introspection: IntrospectionService,
    private readonly revocation: RevocationService,
  ) {}

  /**
   * Ask whether an access token or an API key is good now, and whose it is (RFC 7662). Ended
   * sessions, disabled owners and refresh tokens are not active, and nothing tells them apart.
   */
  @Post('introspect')
  @HttpCode(200)
  @Access('tokens.introspect')
  @TokenRoute('introspection')
  introspect(@Body() { token }: PresentToken): Promise<IntrospectionView> {
    return this.introspection.introspect(token);
  }

  /**
   * Revoke a token by presenting it (RFC 7009). A refresh or access token ends its session, an API
   * key is deleted; anything else is answered in the same way.
   */
  @Post('revoke')
  @HttpCode(200)
  @Access.public()
  @TokenRoute('revocation')
  revoke(@Body() { token }: PresentToken): Promise<void> {
    return this.revocation.revoke(token);
  }
}

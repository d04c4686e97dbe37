import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access } from '../../platform/access/index.js';
import { CsrfTokenView } from './browser-session.view.js';
import { claimedSession } from './credential-cookies.js';
import { CsrfTokens } from './csrf-tokens.js';

@Controller('csrf-token')
export class CsrfTokenController {
  constructor(private readonly tokens: CsrfTokens) {}

  /**
   * Get a CSRF token for the session of your cookies. Each is different; all are good until you
   * sign in anew.
   */
  @Get()
  @Access.public()
  issue(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): CsrfTokenView {
    return { csrfToken: this.tokens.issue(request, reply, claimedSession(request)) };
  }
}

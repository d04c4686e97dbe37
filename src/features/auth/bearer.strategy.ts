import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-strategy';

import type { Principal } from '../../platform/access/index.js';
import { PrincipalsService } from './principals.service.js';

type Done = (error: unknown, principal?: Principal | null) => void;

/** Reads `Authorization: Bearer` (RFC 6750 section 2.1) and nothing else: no token in a URL. */
class BearerHeader extends Strategy {
  constructor(private readonly check: (token: string, done: Done) => void) {
    super();
  }

  override authenticate(request: unknown): void {
    const { authorization = '' } = (request as FastifyRequest).headers;
    const token = /^bearer ([^\s]+)$/i.exec(authorization)?.[1];
    if (!token) {
      this.fail(401);
      return;
    }
    this.check(token, (error, principal) => {
      if (error) this.error(error as Error);
      else if (principal) this.success(principal);
      else this.fail(401);
    });
  }
}

@Injectable()
export class BearerStrategy extends PassportStrategy(BearerHeader, 'bearer') {
  constructor(private readonly principals: PrincipalsService) {
    super();
  }

  validate(token: string): Promise<Principal | null> {
    return this.principals.fromAccessToken(token);
  }
}

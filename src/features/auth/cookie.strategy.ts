import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';

import {
  type CallerStrategy,
  type Principal,
  TextCredential,
} from '../../platform/access/index.js';
import { accessTokenOf } from '../browser/index.js';
import { PrincipalsService } from './principals.service.js';

/** Reads the access token of a browser that signed in with `mode: "cookie"`. */
class AccessCookie extends TextCredential {
  carries(request: FastifyRequest): boolean {
    return accessTokenOf(request) !== undefined;
  }

  protected override read(request: FastifyRequest): string | undefined {
    return accessTokenOf(request);
  }
}

@Injectable()
export class CookieStrategy
  extends PassportStrategy(AccessCookie, 'cookie')
  implements CallerStrategy
{
  constructor(private readonly principals: PrincipalsService) {
    super();
  }

  validate(token: string): Promise<Principal | null> {
    return this.principals.fromAccessToken(token);
  }
}

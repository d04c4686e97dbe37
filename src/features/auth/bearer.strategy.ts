import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';

import {
  type CallerStrategy,
  type Principal,
  TextCredential,
  usesScheme,
} from '../../platform/access/index.js';
import { PrincipalsService } from './principals.service.js';

/** Reads `Authorization: Bearer` (RFC 6750 section 2.1) and nothing else: no token in a URL. */
class BearerHeader extends TextCredential {
  carries(request: FastifyRequest): boolean {
    return usesScheme(request, 'bearer');
  }

  protected override read({ headers }: FastifyRequest): string | undefined {
    return /^bearer ([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
  }
}

@Injectable()
export class BearerStrategy
  extends PassportStrategy(BearerHeader, 'bearer')
  implements CallerStrategy
{
  constructor(private readonly principals: PrincipalsService) {
    super();
  }

  validate(token: string): Promise<Principal | null> {
    return this.principals.fromAccessToken(token);
  }
}

import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';

import {
  type CallerStrategy,
  type Principal,
  TextCredential,
  usesScheme,
} from '../../platform/access/index.js';
import { ApiKeyCallersService } from './api-key-callers.service.js';

/** Reads `Authorization: ApiKey` or `X-API-Key`, one of them; no key in a URL (ASVS V14.2.1). */
class ApiKeyHeader extends TextCredential {
  carries(request: FastifyRequest): boolean {
    return usesScheme(request, 'apikey') || request.headers['x-api-key'] !== undefined;
  }

  protected override read(request: FastifyRequest): string | undefined {
    const { authorization = '', 'x-api-key': header } = request.headers;
    const inScheme = usesScheme(request, 'apikey');
    if (inScheme && header !== undefined) return undefined;
    return inScheme ? authorization.slice('apikey '.length) : String(header);
  }
}

@Injectable()
export class ApiKeyStrategy
  extends PassportStrategy(ApiKeyHeader, 'api-key')
  implements CallerStrategy
{
  constructor(private readonly callers: ApiKeyCallersService) {
    super();
  }

  validate(key: string): Promise<Principal | null> {
    return this.callers.fromKey(key);
  }
}

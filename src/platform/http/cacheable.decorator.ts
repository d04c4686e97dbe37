import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Header,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';

import { entityTag, names } from '../preconditions/index.js';

/** Names what is sent (RFC 9110, section 8.8.3), and sends nothing to whom holds it already. */
@Injectable()
class EntityTags implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const sent = http.getRequest<FastifyRequest>().headers['if-none-match'];
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body) => {
        const tag = entityTag(JSON.stringify(body));
        void reply.header('etag', tag);
        if (sent === undefined || !names(sent, tag, 'weak')) return body as unknown;
        void reply.status(304);
        return undefined;
      }),
    );
  }
}

/** Lets anybody keep the answer for so many seconds, and ask afterwards whether it still holds. */
export function Cacheable(seconds: number): MethodDecorator {
  return applyDecorators(
    Header('cache-control', `public, max-age=${seconds}`),
    ApiResponse({ status: 304, description: 'It is still what the ETag sent names.' }),
    UseInterceptors(EntityTags),
  );
}

import { createHash } from 'node:crypto';

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

/** Names what is sent (RFC 9110, section 8.8.3), and sends nothing to whom holds it already. */
@Injectable()
class EntityTags implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const sent = http.getRequest<FastifyRequest>().headers['if-none-match'];
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((body) => {
        const tag = tagOf(body);
        void reply.header('etag', tag);
        if (!names(sent, tag)) return body as unknown;
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

function tagOf(body: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url')}"`;
}

/** RFC 9110, section 13.1.2: a list of tags, compared weakly, or `*`. */
function names(ifNoneMatch: string | undefined, tag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(tag) || tags.includes('*');
}

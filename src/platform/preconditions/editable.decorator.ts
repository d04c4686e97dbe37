import { applyDecorators, SetMetadata } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { RouteOption } from '../http/route-option.decorator.js';
import { entityTag, names } from './entity-tag.js';

export const editableMetadata = 'gatehouse:editable';

interface EditableConfig {
  editable?: boolean;
}

/**
 * A resource that is read and edited: its representation gets an `ETag`, whoever holds it already
 * gets 304 for `If-None-Match`, and an edit with `If-Match` is refused when it has changed. For
 * the last the use case calls {@link demandUnchanged}, where it holds the row.
 */
export function Editable(): MethodDecorator {
  return applyDecorators(
    SetMetadata(editableMetadata, true),
    RouteOption({ editable: true } satisfies EditableConfig),
  );
}

/**
 * Gives an answer its tag, or takes its body away. In the hook that has the text at hand: an
 * interceptor would cost as much as the rest of a cached read.
 */
export function tagAnswer(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const { editable } = (request.routeOptions.config ?? {}) as EditableConfig;
  if (!editable || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  const tag = entityTag(payload);
  void reply.header('etag', tag);
  const held = request.headers['if-none-match'];
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!reads || held === undefined || !names(held, tag, 'weak')) return payload;
  void reply.status(304).removeHeader('content-type').removeHeader('content-length');
  return null;
}

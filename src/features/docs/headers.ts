import type { HeaderObject, ParameterObject, ReferenceObject } from '@nestjs/swagger';

import { unlimited } from '../../platform/throttling/limit.decorator.js';
import type { Traits } from './traits.js';

/** Headers of answers, described once and referred to. */
export const headers: Record<string, HeaderObject> = {
  'X-Request-Id': {
    description: 'Name of this request in the log.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]+$', maxLength: 64 },
    example: '0f6d5c1e-6f0b-4a3e-9d55-3a1f5b0c9e21',
  },
  'Access-Control-Allow-Origin': {
    description: 'The origin of the caller, when CORS_ORIGINS lists it; else not sent.',
    schema: { type: 'string', format: 'uri', maxLength: 260 },
    example: 'https://app.example.com',
  },
  RateLimit: {
    description: 'The policy, requests left, and seconds until the window is over.',
    schema: { type: 'string', pattern: '^"[a-z-]+";r=[0-9]+;t=[0-9]+$', maxLength: 100 },
    example: '"user";r=499;t=60',
  },
  'RateLimit-Policy': {
    description: 'The policy, its quota, and its window in seconds.',
    schema: { type: 'string', pattern: '^"[a-z-]+";q=[0-9]+;w=[0-9]+$', maxLength: 100 },
    example: '"user";q=500;w=60',
  },
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', format: 'int32', minimum: 1, maximum: 86_400 },
    example: 30,
  },
  ETag: {
    description: 'Names what the answer says; send it back as If-Match with an edit.',
    schema: { type: 'string', pattern: '^"[A-Za-z0-9_-]{43}"$', maxLength: 45 },
    example: '"XlYvJ7tWy0dG8bDkQ3pN5m2rT9uA6cE1fH4iK7lM0oP"',
  },
  'Idempotency-Replayed': {
    description:
      'Sent when this is the answer to an earlier request with the same Idempotency-Key.',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  'WWW-Authenticate': {
    description: 'How to prove who is calling (RFC 6750, section 3).',
    schema: { type: 'string', pattern: '^Bearer realm="[a-z]+"', maxLength: 200 },
    example: 'Bearer realm="gatehouse", error="invalid_token"',
  },
};

const tags = { type: 'string' as const, pattern: '^[ -~]+$', maxLength: 1_000 };

/** Headers of requests beside those of every request. */
const requestHeaders = {
  /** The draft of the header (-07) says `"…"`; keys without quotes are taken as well. */
  idempotencyKey: {
    name: 'Idempotency-Key',
    description: 'Best a UUID, new for each thing to do and the same for each repetition of it.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[ -~]+$' },
    example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  },
  ifMatch: {
    name: 'If-Match',
    description: 'The ETag of what you read: the edit is refused when it has changed since.',
    schema: tags,
    example: headers['ETag']!.example as string,
  },
  ifNoneMatch: {
    name: 'If-None-Match',
    description: 'The ETag of what you have: when it is still that, the answer is 304.',
    schema: tags,
    example: headers['ETag']!.example as string,
  },
} satisfies Record<string, Omit<ParameterObject, 'in'>>;

export function requestHeadersOf({ repeatable, editable, writes }: Traits): ParameterObject[] {
  const { idempotencyKey, ifMatch, ifNoneMatch } = requestHeaders;
  return [
    ...(repeatable ? [idempotencyKey] : []),
    ...(editable ? [writes ? ifMatch : ifNoneMatch] : []),
  ].map((header) => ({ ...header, in: 'header', required: false }));
}

/** The headers of an answer of this status. */
export function headersOf(
  status: string,
  { limit, repeatable, editable }: Traits,
): Record<string, ReferenceObject> {
  const names = [
    'X-Request-Id',
    'Access-Control-Allow-Origin',
    ...(editable && ['200', '304'].includes(status) ? ['ETag'] : []),
    ...(repeatable === 'answer' && status.startsWith('2') ? ['Idempotency-Replayed'] : []),
    ...(limit !== unlimited ? ['RateLimit', 'RateLimit-Policy'] : []),
    ...(status === '401' ? ['WWW-Authenticate'] : []),
    ...(['429', '503', '507'].includes(status) ? ['Retry-After'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

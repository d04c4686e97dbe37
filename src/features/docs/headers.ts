import type { HeaderObject, ReferenceObject } from '@nestjs/swagger';

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

/** The headers of an answer of this status. */
export function headersOf(
  status: string,
  { limit, repeatable }: Traits,
): Record<string, ReferenceObject> {
  const names = [
    'X-Request-Id',
    'Access-Control-Allow-Origin',
    ...(repeatable === 'answer' && status.startsWith('2') ? ['Idempotency-Replayed'] : []),
    ...(limit !== unlimited ? ['RateLimit', 'RateLimit-Policy'] : []),
    ...(status === '401' ? ['WWW-Authenticate'] : []),
    ...(['429', '503', '507'].includes(status) ? ['Retry-After'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

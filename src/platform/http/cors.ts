import type { FastifyCorsOptions } from '@fastify/cors';

import type { PerimeterConfig } from '../config/index.js';

/**
 * Lets the browser origins of the allow-list in, compared as a whole (ASVS V3.4.2). Any other
 * origin gets no CORS header at all, and its preflights are answered like any OPTIONS request.
 */
export function corsOptions({ corsOrigins }: PerimeterConfig): FastifyCorsOptions {
  const allowed = new Set(corsOrigins);
  return {
    origin: (origin, done) =>
      done(null, origin !== undefined && allowed.has(origin) ? origin : false),
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], // the default leaves out half
    allowedHeaders: [
      'Authorization',
      'Content-Type',
      'X-Request-Id',
      'X-CSRF-Token',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
    ],
    credentials: true,
    maxAge: 600,
    exposedHeaders: [
      'X-Request-Id',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'ETag',
      'Idempotency-Replayed',
    ],
    strictPreflight: false, // its refusal is plain text; `checkRequest` has a better one
  };
}

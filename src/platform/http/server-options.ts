import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';

import type { FastifyHttpOptions } from 'fastify';

import type { HttpConfig, PerimeterConfig } from '../config/index.js';
import { answerClientError } from './client-error.js';

const saneRequestId = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;

/** Fastify options: limits on size, time and shape that hold before any route is known. */
export function serverOptions(
  http: HttpConfig,
  perimeter: PerimeterConfig,
): FastifyHttpOptions<Server> {
  return {
    logger: false,
    bodyLimit: http.bodyLimitBytes,
    handlerTimeout: http.handlerTimeoutMs,
    trustProxy: perimeter.trustedProxies.length > 0 ? [...perimeter.trustedProxies] : false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    clientErrorHandler: answerClientError,
    keepAliveTimeout: 65_000, // longer than the 60 s of common load balancers, so that they close first
    requestTimeout: http.receiveTimeoutMs,
    connectionTimeout: 0,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength: 200, caseSensitive: true, ignoreTrailingSlash: false },
    http: {
      headersTimeout: http.receiveTimeoutMs,
      connectionsCheckingInterval: 1_000, // Node's 30 s would make the time limits above a fiction
      maxHeaderSize: 16_384,
    },
  };
}

/** The proxy's request id when it is harmless to log and echo, else a new one. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID();
}

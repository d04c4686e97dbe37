import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';

import type { FastifyHttpOptions } from 'fastify';

import type { HttpConfig, PerimeterConfig } from '../config/index.js';
import { answerClientError, type ClientErrorParts } from './client-error.js';
import { originForm } from './target.js';

const saneRequestId = /^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$/;

/** How often Node looks for requests that are late; its default of 30 s would be no limit. */
const checkEveryMs = 500;

/** Fastify options: limits on size, time and shape that hold before any route is known. */
export function serverOptions(
  http: HttpConfig,
  perimeter: PerimeterConfig,
  parts: ClientErrorParts,
): FastifyHttpOptions<Server> {
  const receiveTimeoutMs = http.receiveTimeoutMs - checkEveryMs; // found late by up to that much
  return {
    logger: false,
    bodyLimit: http.bodyLimitBytes,
    trustProxy: perimeter.trustedProxies.length > 0 ? [...perimeter.trustedProxies] : false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    clientErrorHandler: (error, socket) => answerClientError(error, socket, parts),
    rewriteUrl: ({ url = '/' }) => originForm(url),
    keepAliveTimeout: 65_000, // longer than the 60 s of common load balancers, so that they close first
    requestTimeout: receiveTimeoutMs,
    connectionTimeout: http.receiveTimeoutMs + http.handlerTimeoutMs, // who reads nothing is cut off
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: {
      maxParamLength: 16_384, // `checkParameters` has the limit that matters
      caseSensitive: true,
      ignoreTrailingSlash: false,
    },
    http: {
      headersTimeout: receiveTimeoutMs,
      connectionsCheckingInterval: checkEveryMs,
      maxHeaderSize: 16_384,
      requireHostHeader: false, // `checkRequest` demands it; Node's refusal has no body
    },
  };
}

/** The proxy's request id when it is harmless to log and echo, else a new one. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && saneRequestId.test(given) ? given : randomUUID();
}

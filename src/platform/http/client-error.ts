import { randomUUID } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { Logger } from 'pino';

import type { ErrorCode } from '../../catalogue/errors.js';
import { AppError } from '../errors/app-error.js';
import { problemHeaders, problemOf } from '../errors/problem.js';
import { methodNotAllowed } from './hygiene.js';
import { hasOwnPace } from './own-pace.js';
import type { securityHeaders } from './security-headers.js';

const byNodeCode: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'http.headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'http.request_timeout',
};

export interface ClientErrorParts {
  logger: Logger;
  /** Security headers by surface. */
  headers: typeof securityHeaders;
}

/**
 * Answers bytes that are not an HTTP request, or that come too slowly, with the same problem
 * document as everything else, and closes the connection: what follows cannot be trusted.
 */
export function answerClientError(
  error: Error & { code?: string },
  socket: Socket & { _httpMessage?: ServerResponse },
  { logger, headers }: ClientErrorParts,
): void {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && hasOwnPace(socket)) return;
  // In the middle of an answer, another one would pass for the rest of it.
  const answering = socket._httpMessage?.headersSent === true;
  if (error.code === 'ECONNRESET' || answering || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = new AppError(byNodeCode[error.code ?? ''] ?? 'http.malformed_request');
  const requestId = answerOnSocket(socket, problem, headers);
  const { remoteAddress: address } = socket;
  const { status } = problem.definition;
  logger.info({ requestId, code: problem.code, status, reason: error.code, address }, 'request');
}

/** Events in which Node would answer, or hang up, by itself: they get our answer instead. */
export function answerNodeEvents(server: Server, headers: typeof securityHeaders): void {
  server.on('connect', (_request, socket) => answerOnSocket(socket, methodNotAllowed(), headers));
  // With an expectation that nobody knows; `checkRequest` refuses it.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** Writes a problem without the help of a response object; gives the request id. */
function answerOnSocket(
  socket: Duplex,
  problem: AppError,
  surfaces: typeof securityHeaders,
): string {
  const requestId = randomUUID();
  const body = JSON.stringify(problemOf(problem, requestId, '/'));
  const { status } = problem.definition;
  const headers = {
    ...surfaces.api,
    ...problemHeaders(problem),
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  return requestId;
}

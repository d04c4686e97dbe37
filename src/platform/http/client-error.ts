import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import type { ErrorCode } from '../../catalogue/errors.js';
import { AppError } from '../errors/app-error.js';
import { problemHeaders, problemOf } from '../errors/problem.js';
import { securityHeaders } from './security-headers.js';

const byNodeCode: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'http.headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'http.request_timeout',
};

/**
 * Answers bytes that are not an HTTP request, or that come too slowly, with the same problem
 * document as everything else, and closes the connection: what follows cannot be trusted.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const problem = new AppError(byNodeCode[error.code ?? ''] ?? 'http.malformed_request');
  const body = JSON.stringify(problemOf(problem, requestId, '/'));
  const { status } = problem.definition;
  const headers = {
    ...securityHeaders.api,
    ...problemHeaders(problem),
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

import type { IncomingMessage } from 'node:http';

import { AppError, invalid } from '../errors/app-error.js';
import { hasForbiddenCharacters } from './strict-json.js';

const maxHeaders = 100;
const servedMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const singleHeaders = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'content-type',
  'authorization',
]);
/** They would let one request pass for another at a proxy's filter (ASVS V4.1.4). */
const overrideHeaders = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/**
 * Refuses what Node and Fastify would accept but two hops could understand differently
 * (RFC 9112 sections 3.2 and 6.1, ASVS V4.2.1). Runs before anything else sees the request.
 * @throws AppError `http.malformed_request`, `http.headers_too_large`, `http.method_not_allowed`
 */
export function checkRequest(request: IncomingMessage): void {
  if (!servedMethods.has(request.method ?? '')) {
    throw new AppError('http.method_not_allowed', {
      headers: { allow: [...servedMethods].join(', ') },
    });
  }
  checkHeaders(request);
  checkTarget(request);
}

function checkHeaders({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (rawHeaders.length > maxHeaders * 2) throw new AppError('http.headers_too_large');
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) throw malformed(`Send one ${name} header`);
    seen.add(name);
  }
  if (seen.has('transfer-encoding') && (seen.has('content-length') || httpVersion === '1.0')) {
    throw malformed('Send Content-Length or Transfer-Encoding, not both');
  }
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') {
    throw new AppError('http.unsupported_media_type', { detail: 'Send the body uncompressed' });
  }
  if (overrideHeaders.some((name) => name in headers)) {
    throw malformed('The method cannot be overridden by a header');
  }
}

/** An absolute target whose authority is not the Host names two servers at once. */
function checkTarget({ url = '/', headers, method }: IncomingMessage): void {
  if (url === '*' && method === 'OPTIONS') return;
  if (url.startsWith('/')) return;
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (!target || target.host !== headers.host?.toLowerCase()) {
    throw malformed('The request target and the Host header name different servers');
  }
}

/**
 * Refuses repeated query parameters (Fastify's parser turns them into arrays), and characters
 * that no input may hold in query and path.
 * @throws AppError `validation.failed`
 */
export function checkParameters(query: unknown, path: unknown): void {
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (Array.isArray(value)) throw invalid(`/query/${name}`, 'duplicate', 'must be given once');
    if (hasForbiddenCharacters(name)) throw badCharacters('/query/?');
    if (hasForbiddenCharacters(String(value))) throw badCharacters(`/query/${name}`);
  }
  for (const [name, value] of Object.entries((path ?? {}) as Record<string, unknown>)) {
    if (hasForbiddenCharacters(String(value))) throw badCharacters(`/path/${name}`);
  }
}

function badCharacters(pointer: string): AppError {
  return invalid(
    pointer,
    'characters',
    'must not contain control characters or unpaired surrogates',
  );
}

function malformed(detail: string): AppError {
  return new AppError('http.malformed_request', { detail });
}

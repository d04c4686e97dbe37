import type { IncomingMessage } from 'node:http';

import { AppError, invalid } from '../errors/app-error.js';
import { hasForbiddenCharacters } from './strict-json.js';
import { authorityOf, decodes } from './target.js';

const maxHeaders = 100;
/** RFC 9112 section 3 asks for 8000 bytes; ours need 700. */
const maxTargetLength = 8_192;
/** The longest of ours are UUIDs and names of roles. */
const maxPathParameter = 200;
const servedMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
/** A parser that reads `HTTP/2.0` or `HTTP/0.9` as 1.1 is one more way to disagree. */
const servedVersions = ['1.0', '1.1'];
const singleHeaders = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'content-type',
  'authorization',
]);
/** They would let one request pass for another at a proxy's filter (ASVS V4.1.4). */
const overrideHeaders = ['x-http-method-override', 'x-http-method', 'x-method-override'];
/** RFC 3986 section 3.2: a name or an address in brackets, then perhaps a port. */
const hostAndPort = /^(\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(:\d{0,5})?$/i;

/** A request as Fastify hands it over: `url` is rewritten for the router. */
type RawRequest = IncomingMessage & { originalUrl?: string };

/**
 * Refuses what Node and Fastify would accept but two hops could understand differently
 * (RFC 9112 sections 3.2 and 6.1, ASVS V4.2.1). Runs before anything else sees the request.
 * @throws AppError `http.malformed_request`, `http.headers_too_large`, `http.uri_too_long`,
 *   `http.unsupported_media_type`, `http.method_not_allowed`
 */
export function checkRequest(request: RawRequest): void {
  if (!servedVersions.includes(request.httpVersion)) throw malformed('Speak HTTP/1.1');
  checkHeaders(request);
  checkFraming(request);
  checkTarget(request);
  if (!servedMethods.includes(request.method ?? '')) throw methodNotAllowed();
  // The filter turns it into 405 where there is something; preflights are for the CORS plugin.
  if (request.method === 'OPTIONS' && !isPreflight(request)) throw new AppError('http.not_found');
}

/** https://fetch.spec.whatwg.org/#cors-preflight-request */
function isPreflight({ headers }: RawRequest): boolean {
  return headers.origin !== undefined && 'access-control-request-method' in headers;
}

/** For methods that no address takes. */
export function methodNotAllowed(): AppError {
  return new AppError('http.method_not_allowed', { headers: { allow: servedMethods.join(', ') } });
}

function checkHeaders({ rawHeaders, headers, httpVersion }: RawRequest): void {
  if (rawHeaders.length > maxHeaders * 2) {
    throw new AppError('http.headers_too_large', { headers: { connection: 'close' } });
  }
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) throw malformed(`Send one ${name} header`);
    seen.add(name);
  }
  const { host } = headers;
  if (host === undefined ? httpVersion !== '1.0' : !hostAndPort.test(host)) {
    throw malformed('Send one Host header with a host name');
  }
  if (overrideHeaders.some((name) => name in headers)) {
    throw malformed('The method cannot be overridden by a header');
  }
}

/** What decides where the body ends, and how it is to be read. */
function checkFraming({ headers, httpVersion }: RawRequest): void {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (headers['content-length'] !== undefined || httpVersion === '1.0') {
      throw malformed('Send Content-Length or Transfer-Encoding, not both');
    }
    if (coding.toLowerCase() !== 'chunked') throw malformed('Send the body plain or chunked');
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    throw malformed('Only `Expect: 100-continue` can be met');
  }
  const compression = headers['content-encoding'];
  if (compression !== undefined && compression !== 'identity') {
    throw new AppError('http.unsupported_media_type', { detail: 'Send the body uncompressed' });
  }
}

/** An absolute target whose authority is not the Host names two servers at once. */
function checkTarget({ url = '/', originalUrl: target = url, headers, method }: RawRequest): void {
  if (target.length > maxTargetLength) throw new AppError('http.uri_too_long');
  if (target === '*' && method === 'OPTIONS') return;
  if (target.includes('#') || !decodes(target)) {
    throw malformed('The request target is not a valid URL: escape what is not allowed in it');
  }
  if (target.startsWith('/')) return;
  if (authorityOf(target)?.toLowerCase() !== (headers.host ?? '').toLowerCase()) {
    throw malformed('The request target and the Host header name different servers');
  }
}

/**
 * Refuses repeated query parameters (Fastify's parser turns them into arrays), over-long path
 * parameters, and characters that no input may hold in query and path.
 * @throws AppError `validation.failed`, `http.uri_too_long`
 */
export function checkParameters(query: unknown, path: unknown): void {
  for (const [name, value] of Object.entries((query ?? {}) as Record<string, unknown>)) {
    if (hasForbiddenCharacters(name)) throw badCharacters('/query/?');
    if (Array.isArray(value)) throw invalid(`/query/${name}`, 'duplicate', 'must be given once');
    if (hasForbiddenCharacters(String(value))) throw badCharacters(`/query/${name}`);
  }
  for (const [name, value] of Object.entries((path ?? {}) as Record<string, unknown>)) {
    const text = String(value);
    if (text.length > maxPathParameter) throw new AppError('http.uri_too_long');
    if (hasForbiddenCharacters(text)) throw badCharacters(`/path/${name}`);
  }
}

function badCharacters(pointer: string): AppError {
  return invalid(
    pointer,
    'characters',
    'must not contain control characters or unpaired surrogates',
  );
}

/** Closes the connection too: who was wrong about this request may be wrong about the next. */
function malformed(detail: string): AppError {
  return new AppError('http.malformed_request', { detail, headers: { connection: 'close' } });
}

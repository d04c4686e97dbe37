import { gzipSync } from 'node:zlib';

import type { ErrorCode } from '../../src/catalogue/errors.js';
import { expectProblem } from './support/problem.js';
import { requestText as text } from './support/raw.js';
import { Wire } from './support/wire.js';

const live = 'GET /health/live HTTP/1.1';
const login = 'POST /api/v1/auth/login HTTP/1.1';
const json = 'Content-Type: application/json';
const chunked = 'Transfer-Encoding: chunked';
const post = (headers: string[], body = '{}'): string =>
  text(login, [...headers, `Content-Length: ${Buffer.byteLength(body)}`], body);

/** 100 MB of zeros in 100 kB. */
const zeros = gzipSync(Buffer.alloc(100_000_000));
const bomb = text(
  login,
  [json, 'Content-Encoding: gzip', `Content-Length: ${zeros.length}`],
  zeros,
);

describe('Requests that are HTTP but not for us', () => {
  let wire: Wire;

  beforeAll(async () => {
    wire = await Wire.open();
  });
  afterAll(() => wire.close());

  it.each<[string, string | Buffer, ErrorCode, boolean]>([
    ['TRACE', text('TRACE /health/live HTTP/1.1'), 'http.method_not_allowed', false],
    ['CONNECT', text('CONNECT gatehouse:443 HTTP/1.1'), 'http.method_not_allowed', true],
    ['PROPFIND', text('PROPFIND /api/v1/users HTTP/1.1'), 'http.method_not_allowed', false],
    ['OPTIONS', text('OPTIONS /api/v1/users HTTP/1.1'), 'http.method_not_allowed', false],
    ['OPTIONS *', text('OPTIONS * HTTP/1.1'), 'http.not_found', false],
    ['DELETE of a list', text('DELETE /api/v1/users HTTP/1.1'), 'http.method_not_allowed', false],
    ['101 headers', text(live, Array(100).fill('X-A: b')), 'http.headers_too_large', true],
    ['2001 headers', text(live, Array(2_000).fill('X:')), 'http.headers_too_large', true],
    ['3000 headers', text(live, Array(3_000).fill('X:')), 'http.headers_too_large', true],
    ['a header of 16 kB', text(live, [`X: ${'a'.repeat(16_384)}`]), 'http.headers_too_large', true],
    ['a URL of 9 kB', text(`GET /${'a'.repeat(9_000)} HTTP/1.1`), 'http.uri_too_long', false],
    ['a URL of 20 kB', text(`GET /${'a'.repeat(20_000)} HTTP/1.1`), 'http.headers_too_large', true],
    [
      'a long path parameter',
      text(`GET /api/v1/roles/${'a'.repeat(201)} HTTP/1.1`),
      'http.uri_too_long',
      false,
    ],
    [
      'an escaped NUL in the path',
      text('GET /api/v1/roles/a%00b HTTP/1.1'),
      'validation.failed',
      false,
    ],
    [
      'an escaped NUL in the query',
      text('GET /api/v1/users?search=%00 HTTP/1.1'),
      'validation.failed',
      false,
    ],
    [
      'a parameter given twice',
      text('GET /api/v1/health?a=1&a=2 HTTP/1.1'),
      'validation.failed',
      false,
    ],
    ['text/plain', post(['Content-Type: text/plain']), 'http.unsupported_media_type', false],
    [
      'a form',
      post(['Content-Type: application/x-www-form-urlencoded'], 'identifier=a'),
      'http.unsupported_media_type',
      false,
    ],
    [
      'a multipart form',
      post(['Content-Type: multipart/form-data; boundary=x'], '--x--'),
      'http.unsupported_media_type',
      true,
    ],
    ['XML', post(['Content-Type: application/xml'], '<a/>'), 'http.unsupported_media_type', false],
    ['a body without a type', post([]), 'http.unsupported_media_type', false],
    ['an empty type', post(['Content-Type:']), 'http.unsupported_media_type', false],
    [
      'two types in one',
      post(['Content-Type: application/json, text/plain']),
      'http.unsupported_media_type',
      false,
    ],
    [
      'almost JSON',
      post(['Content-Type: application/jsonx']),
      'http.unsupported_media_type',
      false,
    ],
    ['JSON-LD', post(['Content-Type: application/ld+json']), 'http.unsupported_media_type', false],
    ['gzip', post([json, 'Content-Encoding: gzip']), 'http.unsupported_media_type', false],
    ['a gzip bomb', bomb, 'http.unsupported_media_type', false],
    [
      'JSON that is 100,000 deep',
      post([json], '['.repeat(100_000) + ']'.repeat(100_000)),
      'http.malformed_json',
      true,
    ],
    [
      'objects that are 33 deep',
      post([json], '{"a":'.repeat(33) + '1' + '}'.repeat(33)),
      'http.malformed_json',
      true,
    ],
    ['a body over the limit', post([json], ' '.repeat(262_145)), 'http.payload_too_large', true],
    [
      'chunks over the limit',
      text(login, [json, chunked], `40001\r\n${' '.repeat(0x40001)}\r\n0\r\n\r\n`),
      'http.payload_too_large',
      true,
    ],
    [
      'a length over the limit',
      text(login, [json, 'Content-Length: 999999999']),
      'http.payload_too_large',
      true,
    ],
    ['an empty body', post([json], ''), 'validation.failed', false],
    ['no body', text(login), 'validation.failed', false],
    ['an array', post([json], '[]'), 'validation.failed', false],
    ['a text', post([json], '"a"'), 'validation.failed', false],
    ['a number', post([json], '1'), 'validation.failed', false],
    ['null', post([json], 'null'), 'validation.failed', false],
    [
      'a duplicate key',
      post([json], '{"identifier":"a","identifier":"b"}'),
      'http.malformed_json',
      true,
    ],
    ['half a body', post([json], '{"identifier"'), 'http.malformed_json', true],
    [
      'UTF-16',
      post(['Content-Type: application/json; charset=utf-16'], '{\0}\0'),
      'http.malformed_json',
      true,
    ],
  ])('[PE-08][F09][F10][V13.4.4][ER-01] refuses %s', async (_name, bytes, code, closing) => {
    const { answer, closed } = await wire.only(bytes);
    expectProblem(answer, code);
    expect(closed).toBe(closing);
    expect('allow' in answer.headers).toBe(code === 'http.method_not_allowed');
  });
});

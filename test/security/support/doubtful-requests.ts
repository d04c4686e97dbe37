import { requestText as text } from './raw.js';

const live = 'GET /health/live HTTP/1.1';
const login = 'POST /api/v1/auth/login HTTP/1.1';
const json = 'Content-Type: application/json';
const chunked = 'Transfer-Encoding: chunked';

/**
 * Bytes that two hops could take for different requests, or for none (RFC 9112 sections 3, 6, 7 and 11.2,
 * ASVS V4.2.1). The service refuses each with one answer, and hangs up.
 */
export const doubtfulRequests: readonly (readonly [name: string, bytes: string | Buffer])[] = [
  ['two Host headers', text(live, ['Host: gatehouse', 'Host: gatehouse'])],
  ['no Host', `${live}\r\n\r\n`],
  ['an empty Host', text(live, ['Host:'])],
  ['a Host that is none', text(live, ['Host: a b/c'])],
  ['Content-Length beside chunks', text(login, [json, 'Content-Length: 5', chunked], '0\r\n\r\n')],
  ['chunks beside Content-Length', text(login, [json, chunked, 'Content-Length: 5'], '0\r\n\r\n')],
  ['chunks in HTTP/1.0', text('POST / HTTP/1.0', [json, chunked], '2\r\n{}\r\n0\r\n\r\n')],
  ['a coding beside chunked', text(login, [json, 'Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')],
  [
    'chunked that is not last',
    text(login, [json, 'Transfer-Encoding: chunked, gzip'], '0\r\n\r\n'),
  ],
  ['chunked misspelt', text(login, [json, 'Transfer-Encoding: xchunked'], '0\r\n\r\n')],
  ['chunked twice', text(login, [json, chunked, chunked], '0\r\n\r\n')],
  ['the identity coding', text(login, [json, 'Transfer-Encoding: identity'], '{}')],
  [
    'a vertical tab before chunked',
    text(login, [json, 'Transfer-Encoding: \vchunked'], '0\r\n\r\n'),
  ],
  ['two equal lengths', text(login, [json, 'Content-Length: 2', 'Content-Length: 2'], '{}')],
  ['two different lengths', text(login, [json, 'Content-Length: 2', 'Content-Length: 3'], '{} ')],
  ['a list of lengths', text(login, [json, 'Content-Length: 2, 2'], '{}')],
  ['a signed length', text(login, [json, 'Content-Length: +2'], '{}')],
  ['a negative length', text(login, [json, 'Content-Length: -1'], '{}')],
  ['a hexadecimal length', text(login, [json, 'Content-Length: 0x2'], '{}')],
  ['an endless length', text(login, [json, `Content-Length: ${'9'.repeat(30)}`], '{}')],
  ['a blank before the colon', text(login, [json, 'Content-Length : 2'], '{}')],
  ['a folded header', text(live, ['X-Folded: a\r\n b'])],
  ['a header that starts with a blank', `${live}\r\n Host: gatehouse\r\n\r\n`],
  ['bare line feeds', `${live}\nHost: gatehouse\n\n`],
  ['a bare carriage return', `${live}\r\nHost: gatehouse\rX: y\r\n\r\n`],
  ['a NUL in a header', text(live, ['X-Nul: a\0b'])],
  ['a header without a name', text(live, [': x'])],
  ['a header name with a blank', text(live, ['X Y: z'])],
  ['chunks that end in line feeds', text(login, [json, chunked], '2\n{}\n0\n\n')],
  ['a chunk size that is none', text(login, [json, chunked], 'zz\r\n{}\r\n0\r\n\r\n')],
  ['a signed chunk size', text(login, [json, chunked], '+2\r\n{}\r\n0\r\n\r\n')],
  ['a chunk size beyond 64 bits', text(login, [json, chunked], `${'f'.repeat(17)}\r\n{}`)],
  ['a chunk longer than told', text(login, [json, chunked], '1\r\n{}\r\n0\r\n\r\n')],
  ['an endless chunk extension', text(login, [json, chunked], `2;${'a'.repeat(20_000)}\r\n{}`)],
  ['a target on another server', text('GET http://evil.example/health/live HTTP/1.1')],
  ['a target with a user', text('GET http://evil@gatehouse/health/live HTTP/1.1')],
  ['a target with another scheme', text('GET ftp://gatehouse/health/live HTTP/1.1')],
  ['a target without a slash', text('GET health/live HTTP/1.1')],
  ['the asterisk for GET', text('GET * HTTP/1.1')],
  ['a fragment', text('GET /health/live#/../../metrics HTTP/1.1')],
  ['a NUL in the target', text('GET /health/live\0 HTTP/1.1')],
  ['half an escape', text('GET /api/v1/users/%2 HTTP/1.1')],
  ['an escape that is no UTF-8', text('GET /api/v1/roles/%ff HTTP/1.1')],
  ['an overlong slash', text('GET /docs/..%c0%af..%c0%afpackage.json HTTP/1.1')],
  ['a bad escape in the query', text('GET /api/v1/health?a=%zz HTTP/1.1')],
  ['a method override', text(login, ['X-HTTP-Method-Override: DELETE', 'Content-Length: 0'])],
  ['an unknown method', text('FOO /health/live HTTP/1.1')],
  ['a method in lower case', text('get /health/live HTTP/1.1')],
  ['HTTP/2 in the clear', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/2.0 in the request line', text('GET /health/live HTTP/2.0')],
  ['HTTP/1.2', text('GET /health/live HTTP/1.2')],
  ['HTTP/0.9', 'GET /health/live\r\n\r\n'],
  ['a TLS handshake', Buffer.from('16030100c8010000c40303', 'hex')],
  ['an unknown expectation', text(login, [json, 'Expect: 200-maybe', 'Content-Length: 2'], '{}')],
];

import type { IncomingMessage } from 'node:http';

import { type AppError } from '../errors/app-error.js';
import { checkParameters, checkRequest } from './hygiene.js';

interface Told {
  method?: string;
  url?: string;
  version?: string;
  headers?: readonly (readonly [string, string])[];
}

function request({ method = 'GET', url = '/', version = '1.1', headers = [] }: Told): void {
  const all = headers.some(([name]) => /^host$/i.test(name))
    ? headers
    : [['Host', 'gatehouse'] as const, ...headers];
  checkRequest({
    method,
    url,
    httpVersion: version,
    rawHeaders: all.flat(),
    headers: Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), value])),
  } as unknown as IncomingMessage);
}

function codeOf(work: () => void): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return (error as AppError).code;
  }
}

describe('Hygiene of requests', () => {
  it.each<Told>([
    {},
    { url: '/api/v1/users?limit=1&search=100%25' },
    { url: '/caf%C3%A9' },
    { version: '1.0' },
    { headers: [['Host', 'gatehouse:3000']] },
    { headers: [['Host', '203.0.113.7:80']] },
    { headers: [['Host', '[2001:db8::1]:443']] },
    { headers: [['Host', 'xn--bcher-kva.example']] },
    { url: 'http://gatehouse/health' },
    { url: 'HTTPS://Gatehouse?x' },
    { url: 'http://gatehouse:80/', headers: [['Host', 'gatehouse:80']] },
    { method: 'POST', headers: [['Transfer-Encoding', 'Chunked']] },
    { method: 'POST', headers: [['Content-Length', '2']] },
    { method: 'POST', headers: [['Expect', '100-Continue']] },
    { method: 'POST', headers: [['Content-Encoding', 'identity']] },
    {
      headers: [
        ['Cookie', 'a=1'],
        ['Cookie', 'b=2'],
      ],
    },
    { headers: Array.from({ length: 99 }, (_, index) => [`X-${index}`, '1'] as const) },
    {
      method: 'OPTIONS',
      headers: [
        ['Origin', 'https://app.example'],
        ['Access-Control-Request-Method', 'PUT'],
      ],
    },
  ])('[PE-08] accepts %j', (told) => {
    expect(codeOf(() => request(told))).toBe('accepted');
  });

  it.each<[string, Told]>([
    ['a protocol of the past', { version: '0.9' }],
    ['a protocol of the future', { version: '2.0' }],
    ['an empty Host', { headers: [['Host', '']] }],
    ['a Host with a path', { headers: [['Host', 'gatehouse/x']] }],
    ['a Host with a user', { headers: [['Host', 'evil@gatehouse']] }],
    ['a Host with a blank', { headers: [['Host', 'a b']] }],
    ['a Host with a bad port', { headers: [['Host', 'gatehouse:port']] }],
    ['an absolute target elsewhere', { url: 'http://evil/' }],
    ['an absolute target at another port', { url: 'http://gatehouse:81/' }],
    ['an absolute target with a user', { url: 'http://evil@gatehouse/' }],
    ['a target that hides the host', { url: 'http://gatehouse#@evil/' }],
    ['a target with another scheme', { url: 'ftp://gatehouse/' }],
    ['a target with a script', { url: 'javascript:alert(1)' }],
    ['a relative target', { url: 'api/v1/users' }],
    ['an empty target', { url: '' }],
    ['the asterisk of OPTIONS', { url: '*' }],
    ['a fragment', { url: '/metrics#x' }],
    ['a half escape', { url: '/%2' }],
    ['an escape of nothing', { url: '/%zz' }],
    ['an escape that is not UTF-8', { url: '/%ff' }],
    ['an overlong escape', { url: '/..%c0%af' }],
    ['a bad escape in the query', { url: '/?a=%E0%A4%A' }],
    ['a coding of the body beside chunked', { headers: [['Transfer-Encoding', 'gzip, chunked']] }],
    ['an unknown coding of the body', { headers: [['Transfer-Encoding', 'xchunked']] }],
    ['chunks in HTTP/1.0', { version: '1.0', headers: [['Transfer-Encoding', 'chunked']] }],
    ['an unknown expectation', { headers: [['Expect', '200-ok']] }],
  ])('[PE-08][V4.2.1] refuses %s and closes the connection', (_name, told) => {
    const refusal = (): void => request(told);
    expect(codeOf(refusal)).toBe('http.malformed_request');
    expect(refusal).toThrow(
      expect.objectContaining({
        context: expect.objectContaining({ headers: { connection: 'close' } }) as unknown,
      }) as Error,
    );
  });

  it.each(['Host', 'Content-Length', 'Transfer-Encoding', 'Content-Type', 'Authorization'])(
    '[PE-08][V4.2.1] refuses %s given twice, in any case of letters',
    (name) => {
      const headers = [
        [name, 'x'],
        [name.toUpperCase(), 'x'],
      ] as const;
      expect(codeOf(() => request({ headers }))).toBe('http.malformed_request');
    },
  );

  it('[PE-08][V4.2.1] refuses two framings, and HTTP/1.1 without Host', () => {
    const headers = [
      ['Content-Length', '2'],
      ['Transfer-Encoding', 'chunked'],
    ] as const;
    expect(codeOf(() => request({ headers }))).toBe('http.malformed_request');
    const bare = { method: 'GET', url: '/', httpVersion: '1.1', rawHeaders: [], headers: {} };
    expect(codeOf(() => checkRequest(bare as unknown as IncomingMessage))).toBe(
      'http.malformed_request',
    );
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'x-method-override'])(
    '[PE-08][V4.1.4] refuses %s',
    (name) => {
      expect(codeOf(() => request({ method: 'POST', headers: [[name, 'DELETE']] }))).toBe(
        'http.malformed_request',
      );
    },
  );

  it.each(['TRACE', 'PROPFIND', 'SEARCH', 'LINK', 'PURGE', 'QUERY', ''])(
    '[PE-08][V13.4.4] takes no %s, and says what it takes',
    (method) => {
      const refusal = (): void => request({ method });
      expect(refusal).toThrow(
        expect.objectContaining({
          code: 'http.method_not_allowed',
          context: { headers: { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' } },
        }) as Error,
      );
    },
  );

  it('[PE-08] takes OPTIONS for preflights only', () => {
    expect(codeOf(() => request({ method: 'OPTIONS', url: '*' }))).toBe('http.not_found');
    const headers = [['Origin', 'https://app.example']] as const;
    expect(codeOf(() => request({ method: 'OPTIONS', headers }))).toBe('http.not_found');
  });

  it('[PE-08][F09] bounds number of headers and length of the target', () => {
    const headers = Array.from({ length: 100 }, (_, index) => [`X-${index}`, '1'] as const);
    expect(codeOf(() => request({ headers }))).toBe('http.headers_too_large');
    expect(codeOf(() => request({ url: `/${'a'.repeat(8_191)}` }))).toBe('accepted');
    expect(codeOf(() => request({ url: `/${'a'.repeat(8_192)}` }))).toBe('http.uri_too_long');
  });

  it('[PE-08] reads no compressed body', () => {
    for (const coding of ['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', '']) {
      expect(codeOf(() => request({ headers: [['Content-Encoding', coding]] }))).toBe(
        'http.unsupported_media_type',
      );
    }
  });
});

describe('Hygiene of parameters', () => {
  it.each<[Record<string, unknown>, Record<string, unknown>, string]>([
    [{ a: ['1', '2'] }, {}, '/query/a'],
    [{ a: 'x\u0000' }, {}, '/query/a'],
    [{ 'a\u0000': 'x' }, {}, '/query/?'],
    [{ 'a\ud800': ['x', 'y'] }, {}, '/query/?'],
    [{}, { id: 'x\u001b' }, '/path/id'],
    [{}, { id: '\udc00' }, '/path/id'],
  ])('[PE-06] refuses %j %j', (query, path, pointer) => {
    expect(() => checkParameters(query, path)).toThrow(
      expect.objectContaining({
        code: 'validation.failed',
        context: { errors: [expect.objectContaining({ pointer }) as unknown] },
      }) as Error,
    );
  });

  it('[PE-06] accepts texts, nothing at all, and up to 200 characters of path', () => {
    expect(() => checkParameters({ a: '1', b: 'é😀' }, { id: 'x'.repeat(200) })).not.toThrow();
    expect(() => checkParameters(undefined, null)).not.toThrow();
    expect(codeOf(() => checkParameters({}, { id: 'x'.repeat(201) }))).toBe('http.uri_too_long');
  });
});

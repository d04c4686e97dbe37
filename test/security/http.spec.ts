import { expectProblem } from './support/problem.js';
import { exchange, requestText as text } from './support/raw.js';
import { Wire } from './support/wire.js';

const live = 'GET /health/live HTTP/1.1';
const login = 'POST /api/v1/auth/login HTTP/1.1';
const json = 'Content-Type: application/json';
const chunked = 'Transfer-Encoding: chunked';

describe('HTTP as it comes over the wire', () => {
  let wire: Wire;

  beforeAll(async () => {
    wire = await Wire.open();
  });
  afterAll(() => wire.close());

  it.each<[string, string | Buffer]>([
    ['two Host headers', text(live, ['Host: gatehouse', 'Host: gatehouse'])],
    ['no Host', `${live}\r\n\r\n`],
    ['an empty Host', text(live, ['Host:'])],
    ['a Host that is none', text(live, ['Host: a b/c'])],
    [
      'Content-Length beside chunks',
      text(login, [json, 'Content-Length: 5', chunked], '0\r\n\r\n'),
    ],
    [
      'chunks beside Content-Length',
      text(login, [json, chunked, 'Content-Length: 5'], '0\r\n\r\n'),
    ],
    ['chunks in HTTP/1.0', text('POST / HTTP/1.0', [json, chunked], '2\r\n{}\r\n0\r\n\r\n')],
    [
      'a coding beside chunked',
      text(login, [json, 'Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
    ],
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
  ])('[PE-08][V4.2.1][ER-01] refuses %s and closes the connection', async (_name, bytes) => {
    const { answer, closed } = await wire.only(bytes);
    expectProblem(answer, 'http.malformed_request');
    expect(closed).toBe(true);
  });

  it('[PE-08][V4.2.1] serves nothing that is smuggled behind a doubtful request', async () => {
    const second = text('GET /api/v1/info HTTP/1.1');
    for (const first of [
      text(live, ['Host: gatehouse', 'Host: gatehouse']),
      text(login, [json, 'Content-Length: 4', chunked], '0\r\n\r\n'),
      text(login, [json, 'Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
      text('GET http://evil.example/ HTTP/1.1'),
    ]) {
      const { answers, closed } = await exchange(wire.port, first + second, { quietMs: 100 });
      expect(answers.map(({ status }) => status)).toEqual([400]);
      expect(closed).toBe(true);
    }
  });

  it('[PE-08][V4.2.1] takes a body for a body, also where none is read', async () => {
    const second = text('GET /api/v1/info HTTP/1.1');
    for (const line of [
      live,
      'GET /nothing HTTP/1.1',
      'TRACE /x HTTP/1.1',
      'HEAD /docs HTTP/1.1',
    ]) {
      const bytes = text(line, [`Content-Length: ${second.length}`], second);
      expect((await exchange(wire.port, bytes)).answers).toHaveLength(1);
    }
  });

  it('[PE-08][V4.1.3] builds nothing from Host, X-Forwarded-Host or Forwarded', async () => {
    const headers = [
      'Host: evil.example',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: gopher',
      'X-Original-URL: /metrics',
      'X-Rewrite-URL: /metrics',
      'Forwarded: host=evil.example',
    ];
    for (const path of [
      '/docs',
      '/docs/swagger-ui-init.js',
      '/openapi.json',
      '/setup',
      '/nothing',
    ]) {
      const { answer } = await wire.only(text(`GET ${path} HTTP/1.1`, headers));
      expect(JSON.stringify(answer)).not.toMatch(/evil\.example|gopher|process_start/);
    }
  });

  it.each<[string, string]>([
    ['a target in absolute form', text('GET http://gatehouse/health/live HTTP/1.1')],
    ['HTTP/1.0 without Host', 'GET /health/live HTTP/1.0\r\n\r\n'],
    ['100 headers', text(live, Array(99).fill('X-A: b'))],
    ['a body where none is read', text(live, [json, 'Content-Length: 9'], 'not JSON!')],
    [
      'an upgrade to WebSocket, not upgraded',
      text(live, ['Connection: Upgrade', 'Upgrade: websocket']),
    ],
    ['an upgrade to h2c, not upgraded', text(live, ['Connection: Upgrade', 'Upgrade: h2c'])],
  ])('[PE-08] serves %s', async (_name, bytes) => {
    const { answer } = await wire.only(bytes);
    expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' });
  });

  it('[PE-08] reads a body in chunks, in any case of letters, and its type with parameters', async () => {
    for (const headers of [
      ['Transfer-Encoding: CHUNKED', json],
      [chunked, 'Content-Type: Application/JSON; charset=utf-8'],
    ]) {
      const { answer, closed } = await wire.only(text(login, headers, '2\r\n{}\r\n0\r\n\r\n'));
      const { errors } = expectProblem(answer, 'validation.failed');
      expect(errors).toContainEqual(expect.objectContaining({ pointer: '/identifier' }));
      expect(closed).toBe(false);
    }
  });

  it('[PE-08][V4.2.4] takes no line breaks or foreign forms from X-Request-Id', async () => {
    for (const id of [
      'abcdefgh%0d%0aSet-Cookie: x',
      'a',
      'x'.repeat(65),
      '-abcdefgh',
      '<script>1',
    ]) {
      const { answer } = await wire.only(text(live, [`X-Request-Id: ${id}`]));
      expect(answer.headers['x-request-id']).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    const two = ['X-Request-Id: abcdefgh', 'X-Request-Id: ijklmnop'];
    expect((await wire.only(text(live, two))).answer.headers['x-request-id']).toMatch(
      /^[\da-f-]{36}$/,
    );
    const kept = await wire.only(text(live, ['X-Request-Id: 0af7651916cd43dd8448eb211c80319c']));
    expect(kept.answer.headers['x-request-id']).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it('[PE-08] says nothing about its software', async () => {
    for (const bytes of [text(live), text('GET /nothing HTTP/1.1'), 'rubbish\r\n\r\n']) {
      const { answer } = await wire.only(bytes);
      expect(answer.headers['server']).toBeUndefined();
      expect(answer.headers['x-powered-by']).toBeUndefined();
    }
  });
});

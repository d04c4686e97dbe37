import { doubtfulRequests } from './support/doubtful-requests.js';
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

  it.each(doubtfulRequests)(
    '[PE-08][V4.2.1][ER-01] refuses %s and closes the connection',
    async (_name, bytes) => {
      const { answer, closed } = await wire.only(bytes);
      expectProblem(answer, 'http.malformed_request');
      expect(closed).toBe(true);
    },
  );

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

import { exchange, requestText as r } from './support/raw.js';
import { TestApp } from '../support/test-app.js';

describe('probe', () => {
  let app: TestApp;
  let port: number;
  beforeAll(async () => {
    app = await TestApp.start({ env: { HTTP_RECEIVE_TIMEOUT_MS: '1000' } });
    await app.app.listen(0, '127.0.0.1');
    port = (app.app.getHttpServer().address() as any).port;
  });
  afterAll(() => app.close());
  const J = 'Content-Type: application/json';
  const cases: Record<string, any> = {
    ok: r('GET /health/live HTTP/1.1'),
    'two hosts': r('GET /health/live HTTP/1.1', ['Host: a', 'Host: b']),
    'no host': 'GET /health/live HTTP/1.1\r\n\r\n',
    'empty host': r('GET /health/live HTTP/1.1', ['Host:']),
    'bad host': r('GET /health/live HTTP/1.1', ['Host: a b/c@d']),
    'http10 no host': 'GET /health/live HTTP/1.0\r\n\r\n',
    'CL+TE': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Content-Length: 5', 'Transfer-Encoding: chunked'],
      '0\r\n\r\n',
    ),
    'TE+CL order': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked', 'Content-Length: 5'],
      '0\r\n\r\n',
    ),
    'TE 1.0': r('POST /api/v1/auth/login HTTP/1.0', [J, 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    'TE gzip,chunked': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: gzip, chunked'],
      '2\r\n{}\r\n0\r\n\r\n',
    ),
    'TE xchunked': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: xchunked'],
      '2\r\n{}\r\n0\r\n\r\n',
    ),
    'TE identity': r('POST /api/v1/auth/login HTTP/1.1', [J, 'Transfer-Encoding: identity'], '{}'),
    'TE twice': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      '2\r\n{}\r\n0\r\n\r\n',
    ),
    'TE CHUNKED': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: CHUNKED'],
      '2\r\n{}\r\n0\r\n\r\n',
    ),
    'dup CL same': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Content-Length: 2', 'Content-Length: 2'],
      '{}',
    ),
    'dup CL diff': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Content-Length: 2', 'Content-Length: 3'],
      '{} ',
    ),
    'CL list': r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: 2, 2'], '{}'),
    'CL +2': r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: +2'], '{}'),
    'CL -1': r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: -1'], '{}'),
    'CL huge': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Content-Length: 99999999999999999999999'],
      '{}',
    ),
    'CL space colon': r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length : 2'], '{}'),
    'obs-fold': r('GET /health/live HTTP/1.1', ['X-A: b\r\n c']),
    'bare LF': 'GET /health/live HTTP/1.1\nHost: a\n\n',
    'bare CR': 'GET /health/live HTTP/1.1\r\nHost: a\rX: b\r\n\r\n',
    'bare LF chunk': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked'],
      '2\n{}\n0\n\n',
    ),
    'bad chunk': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked'],
      'zz\r\n{}\r\n0\r\n\r\n',
    ),
    'chunk ext': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked'],
      '2;a="\r\n{}\r\n0\r\n\r\n',
    ),
    'chunk ext big': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked'],
      '2;' + 'a'.repeat(20000) + '\r\n{}\r\n0\r\n\r\n',
    ),
    trailer: r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked'],
      '2\r\n{}\r\n0\r\nHost: x\r\n\r\n',
    ),
    'abs other': r('GET http://evil/health/live HTTP/1.1'),
    'abs same': r('GET http://gatehouse/health/live HTTP/1.1'),
    'abs same port80': r('GET http://gatehouse:80/health/live HTTP/1.1', ['Host: gatehouse:80']),
    'abs userinfo': r('GET http://a@gatehouse/health/live HTTP/1.1'),
    'abs ftp': r('GET ftp://gatehouse/health/live HTTP/1.1'),
    'abs api 404': r('GET http://gatehouse/api/v1/nothing HTTP/1.1'),
    'enc api 404': r('GET /%61pi/v1/nothing HTTP/1.1'),
    fragment: r('GET /health/live#x HTTP/1.1'),
    semicolon: r('GET /health/live;x=1 HTTP/1.1'),
    'star GET': r('GET * HTTP/1.1'),
    'star OPTIONS': r('OPTIONS * HTTP/1.1'),
    OPTIONS: r('OPTIONS /api/v1/users HTTP/1.1'),
    'OPTIONS none': r('OPTIONS /api/v1/nothing HTTP/1.1'),
    override: r('POST /api/v1/auth/login HTTP/1.1', [
      'X-HTTP-Method-Override: DELETE',
      'Content-Length: 0',
    ]),
    TRACE: r('TRACE /health/live HTTP/1.1'),
    CONNECT: r('CONNECT gatehouse:443 HTTP/1.1'),
    'CONNECT path': r('CONNECT /health/live HTTP/1.1'),
    PROPFIND: r('PROPFIND /api/v1/users HTTP/1.1'),
    FOO: r('FOO / HTTP/1.1'),
    'get lower': r('get / HTTP/1.1'),
    PRI: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/1.2': r('GET /health/live HTTP/1.2'),
    'HTTP/2.0': r('GET /health/live HTTP/2.0'),
    'HTTP/0.9': 'GET /health/live\r\n\r\n',
    tls: Buffer.from('16030100c8010000c40303', 'hex'),
    '100 headers': r(
      'GET /health/live HTTP/1.1',
      Array.from({ length: 99 }, (_, i) => `X-${i}: 1`),
    ),
    '101 headers': r(
      'GET /health/live HTTP/1.1',
      Array.from({ length: 100 }, (_, i) => `X-${i}: 1`),
    ),
    '3000 headers': r(
      'GET /health/live HTTP/1.1',
      Array.from({ length: 3000 }, (_, i) => `${i}:`),
    ),
    '17k header': r('GET /health/live HTTP/1.1', ['X-A: ' + 'a'.repeat(17000)]),
    '9k URL': r('GET /' + 'a'.repeat(9000) + ' HTTP/1.1'),
    '20k URL': r('GET /' + 'a'.repeat(20000) + ' HTTP/1.1'),
    'long param': r('GET /api/v1/roles/' + 'a'.repeat(300) + ' HTTP/1.1'),
    'bad pct': r('GET /api/v1/%zz HTTP/1.1'),
    'bad pct2': r('GET /api/v1/roles/%ff HTTP/1.1'),
    'bad pct q': r('GET /api/v1/health?a=%zz HTTP/1.1'),
    'NUL pct': r('GET /api/v1/roles/a%00b HTTP/1.1'),
    'NUL raw': r('GET /api/v1/roles/a\0b HTTP/1.1'),
    'CRLF pct': r('GET /api/v1/roles/a%0d%0ab HTTP/1.1'),
    xreqid: r('GET /health/live HTTP/1.1', ['X-Request-Id: abcdefgh%0d%0aX: y']),
    'xreqid ok': r('GET /health/live HTTP/1.1', ['X-Request-Id: abcdefgh']),
    'xreqid two': r('GET /health/live HTTP/1.1', [
      'X-Request-Id: abcdefgh',
      'X-Request-Id: abcdefgi',
    ]),
    'dup query': r('GET /api/v1/health?a=1&a=2 HTTP/1.1'),
    'expect odd': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Expect: 200-maybe', 'Content-Length: 2'],
      '{}',
    ),
    'expect 100': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Expect: 100-continue', 'Content-Length: 2'],
      '{}',
    ),
    'expect 100 big': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Expect: 100-continue', 'Content-Length: 999999'],
      '',
    ),
    'upgrade ws': r('GET /health/live HTTP/1.1', ['Connection: Upgrade', 'Upgrade: websocket']),
    'upgrade h2c': r('GET /health/live HTTP/1.1', [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ]),
    'text/plain': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: text/plain', 'Content-Length: 2'],
      '{}',
    ),
    'no type': r('POST /api/v1/auth/login HTTP/1.1', ['Content-Length: 2'], '{}'),
    'no type chunked': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Transfer-Encoding: chunked'],
      '2\r\n{}\r\n0\r\n\r\n',
    ),
    form: r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 3'],
      'a=b',
    ),
    'json utf16': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: application/json; charset=utf-16', 'Content-Length: 2'],
      '{}',
    ),
    jsonx: r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: application/jsonx', 'Content-Length: 2'],
      '{}',
    ),
    'json,': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: application/json, text/plain', 'Content-Length: 2'],
      '{}',
    ),
    'json tab': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: application/json\t', 'Content-Length: 2'],
      '{}',
    ),
    'json\\ta': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: application/json\ta', 'Content-Length: 2'],
      '{}',
    ),
    JSON: r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: Application/JSON', 'Content-Length: 2'],
      '{}',
    ),
    'ld+json': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type: application/ld+json', 'Content-Length: 2'],
      '{}',
    ),
    'empty type': r(
      'POST /api/v1/auth/login HTTP/1.1',
      ['Content-Type:', 'Content-Length: 2'],
      '{}',
    ),
    gzip: r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Content-Encoding: gzip', 'Content-Length: 2'],
      '{}',
    ),
    big: r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: 262145'], '{'.repeat(262145)),
    'big chunked': r(
      'POST /api/v1/auth/login HTTP/1.1',
      [J, 'Transfer-Encoding: chunked'],
      '50000\r\n' + ' '.repeat(0x50000) + '\r\n0\r\n\r\n',
    ),
    'GET body': r('GET /health/live HTTP/1.1', [J, 'Content-Length: 2'], '{}'),
    'empty body': r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: 0'], ''),
    'no body': r('POST /api/v1/auth/login HTTP/1.1', []),
    array: r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: 2'], '[]'),
    null: r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: 4'], 'null'),
    'pipelined garbage': r('GET /api/v1/health HTTP/1.1') + 'garbage\r\n\r\n',
    'slow headers': ['GET /health/live HTTP/1.1\r\nHo'],
    'nothing sent': [''],
    'slow body': [r('POST /api/v1/auth/login HTTP/1.1', [J, 'Content-Length: 200'], '{')],
    'range bad': r('GET /docs/swagger-ui.css HTTP/1.1', ['Range: bytes=99999999-']),
    'if-match': r('GET /docs/swagger-ui.css HTTP/1.1', ['If-Match: "x"']),
    'docs dots': r('GET /docs/../../package.json HTTP/1.1'),
    'docs enc dots': r('GET /docs/%2e%2e/%2e%2e/package.json HTTP/1.1'),
    'docs enc slash': r('GET /docs/..%2f..%2fpackage.json HTTP/1.1'),
    'docs pkg': r('GET /docs/package.json HTTP/1.1'),
    'docs readme': r('GET /docs/README.md HTTP/1.1'),
    'docs map': r('HEAD /docs/swagger-ui.css.map HTTP/1.1'),
    'docs abs': r('GET /docs/absolute-path.js HTTP/1.1'),
    'docs 404': r('GET /docs/nothing.js HTTP/1.1'),
    'docs dir': r('GET /docs/ HTTP/1.1'),
    docs: r('GET /docs HTTP/1.1'),
    openapi: r('HEAD /openapi.json HTTP/1.1'),
    'docs-yaml': r('HEAD /docs-yaml HTTP/1.1'),
    'docs-json': r('HEAD /docs-json HTTP/1.1'),
    init: r('GET /docs/swagger-ui-init.js HTTP/1.1'),
  };
  it('x', async () => {
    const out: string[] = [];
    for (const [name, bytes] of Object.entries(cases)) {
      const e = await exchange(port, bytes, { quietMs: 150, timeoutMs: 5000 });
      out.push(
        `${name.padEnd(18)} ${e.closed ? 'CLOSED' : 'open  '} ${Math.round(e.durationMs)}ms ` +
          e.answers
            .map(
              (a) =>
                `${a.status} ${a.headers['content-type'] ?? '-'} conn=${a.headers.connection} rl=${a.headers.ratelimit ?? '-'} cc=${a.headers['cache-control']} hsts=${!!a.headers['strict-transport-security']} rid=${a.headers['x-request-id']} allow=${a.headers.allow} ${a.body.slice(0, 420).replace(/^.*"code"/s, '"code"')}`,
            )
            .join(' || '),
      );
    }
    require('fs').writeFileSync('/tmp/probe.txt', out.join('\n'));
  }, 120000);
});

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { doubtfulRequests } from './support/doubtful-requests.js';
import { describeWith, Proxy, type ProxyKind } from './support/proxy.js';
import { type Exchange, exchange, requestText as text } from './support/raw.js';
import { Wire } from './support/wire.js';
import { buildOpenApi } from '../../src/features/docs/index.js';
import { eventually } from '../support/processes.js';
import type { SignedIn } from '../support/test-app.js';

const live = 'GET /health/live HTTP/1.1';
const login = 'POST /api/v1/auth/login HTTP/1.1';
const json = 'Content-Type: application/json';
const chunked = 'Transfer-Encoding: chunked';

/** What an attacker hides behind or inside another request; nobody else asks for this address. */
const hidden = text('GET /problems/access.denied HTTP/1.1');
const hiddenRoute = '/problems/:code';
const hex = (length: number): string => length.toString(16);

/** Requests in which some hop might find the hidden one (RFC 9112, section 11.2). */
const smuggling: readonly (readonly [name: string, bytes: string])[] = [
  [
    'length first, chunks second',
    text(login, [json, `Content-Length: ${5 + hidden.length}`, chunked], `0\r\n\r\n${hidden}`),
  ],
  [
    'chunks first, length second',
    text(
      login,
      [json, chunked, 'Content-Length: 4'],
      `${hex(hidden.length)}\r\n${hidden}\r\n0\r\n\r\n`,
    ),
  ],
  ...[
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding:\tchunked',
    'Transfer-Encoding: "chunked"',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding:\vchunked',
    'Transfer-Encoding: chunked\0',
    'Transfer_Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'X: y\rTransfer-Encoding: chunked',
    'Transfer-Encoding:\r\n chunked',
  ].map(
    (header) =>
      [
        `a length, and ${JSON.stringify(header)}`,
        text(login, [json, `Content-Length: ${5 + hidden.length}`, header], `0\r\n\r\n${hidden}`),
      ] as const,
  ),
  ['a length of nothing', text(live, ['Content-Length: 0, ' + String(hidden.length)], hidden)],
  [
    'two lengths',
    text(login, [json, 'Content-Length: 0', `Content-Length: ${hidden.length}`], hidden),
  ],
  ['a length with a sign', text(login, [json, `Content-Length: +${hidden.length}`], hidden)],
  ['a body of GET', text(live, [`Content-Length: ${hidden.length}`], hidden)],
  [
    'a body of HEAD',
    text('HEAD /health/live HTTP/1.1', [`Content-Length: ${hidden.length}`], hidden),
  ],
  [
    'a chunk with a bare line feed in its extension',
    text(login, [json, chunked], `2;\n${hex(hidden.length)}\r\n{}\r\n0\r\n\r\n`),
  ],
  ['a trailer that is a request', text(login, [json, chunked], `2\r\n{}\r\n0\r\nX: ${hidden}`)],
  [
    'an upgrade to h2c',
    text(
      live,
      [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAA',
        `Content-Length: ${hidden.length}`,
      ],
      hidden,
    ),
  ],
  [
    'an expectation and a length',
    text(login, [json, 'Expect: 100-continue', `Content-Length: ${hidden.length}`], hidden),
  ],
  [
    'a header that another hop may drop',
    text(login, [json, 'Connection: Content-Length', `Content-Length: ${hidden.length}`], hidden),
  ],
];

/** What the service understood. */
interface Handled {
  requestId: string;
  route?: string;
  code?: string;
}

/** An answer that may come from the cache. */
interface Kept {
  status: number;
  headers: Headers;
  body: string;
}

let wire: Wire;
const handled: Handled[] = [];

beforeAll(async () => {
  wire = await Wire.open({
    env: { TRUSTED_PROXIES: '127.0.0.1' },
    log: (line) => {
      const entry = JSON.parse(line) as Handled & { msg: string };
      if (entry.msg === 'request') handled.push(entry);
    },
  });
});
afterAll(() => wire.close());

for (const kind of ['nginx', 'haproxy'] satisfies ProxyKind[]) {
  describeWith(kind)(`Behind ${kind}`, () => {
    let proxy: Proxy;

    beforeAll(async () => {
      proxy = await Proxy.start(kind, wire.port);
      await eventually(async () => {
        const { answers } = await exchange(proxy.port, text(live), { quietMs: 20 });
        expect(answers[0]?.status).toBe(200);
      });
    });
    afterAll(() => proxy.stop());
    beforeEach(() => void (handled.length = 0));

    /** What the service understood without an id of the proxy, and told nobody: it was smuggled. */
    const smuggled = (told: readonly Exchange[]): Handled[] => {
      const ids = told.flatMap(({ answers }) => answers.map((a) => a.headers['x-request-id']));
      return handled.filter(
        ({ requestId }) => !/^[\da-f]{32}$/.test(requestId) && !ids.includes(requestId),
      );
    };

    it('[PE-08][V4.2.1] nobody gets two answers to one doubtful request', async () => {
      const cases = [...doubtfulRequests, ...smuggling];
      const told: Exchange[] = [];
      for (let start = 0; start < cases.length; start += 20) {
        const some = cases.slice(start, start + 20).map(async ([name, bytes]) => {
          const exchanged = await exchange(proxy.port, bytes, { quietMs: 100, timeoutMs: 3_000 });
          expect([name, exchanged.answers.length]).toEqual([
            name,
            Math.min(exchanged.answers.length, 1),
          ]);
          return exchanged;
        });
        told.push(...(await Promise.all(some)));
      }
      expect(smuggled(told)).toEqual([]);
      expect(handled.filter(({ route }) => route === hiddenRoute)).toEqual([]);
    });

    it('[PE-08][V4.2.1] nobody gets the answer to the request of somebody else', async () => {
      const attacks = smuggling.map(([, bytes]) =>
        exchange(proxy.port, bytes, { quietMs: 100, timeoutMs: 3_000 }),
      );
      const victims = Array.from({ length: 60 }, async (_, n) => {
        const code = n % 2 === 0 ? 'users.not_found' : 'auth.required';
        const bytes = text(`GET /problems/${code} HTTP/1.1`);
        const { answers } = await exchange(proxy.port, bytes, { quietMs: 50 });
        expect(answers.map(({ status }) => status)).toEqual([200]);
        expect(JSON.parse(answers[0]!.body)).toMatchObject({ code });
      });
      const told = await Promise.all(attacks);
      await Promise.all(victims);
      expect(smuggled(told)).toEqual([]);
    });

    it('[PE-08][F08] who stops in the middle is cut off, and never reaches the service', async () => {
      const slow = [
        'GET /api/v1/info HTTP/1.1\r\nHost: gate',
        text(login, [json, 'Content-Length: 200'], '{"identifier"'),
        text(login, [json, chunked], '20\r\n{'),
      ].map((bytes) => exchange(proxy.port, bytes, { quietMs: 8_000, timeoutMs: 8_000 }));
      for (const { answers, closed } of await Promise.all(slow)) {
        expect(closed).toBe(true);
        expect(answers.length).toBeLessThanOrEqual(1);
      }
      expect(handled).toEqual([]);
    });

    it('[PE-02][V4.1.3] the service is told who calls, whatever the caller says', async () => {
      const headers = [
        'X-Forwarded-For: 203.0.113.9',
        'X-Forwarded-Host: evil.example',
        'X-Real-IP: 203.0.113.9',
        'Forwarded: for=203.0.113.9',
        'X-Request-Id: a b',
      ];
      const { answers } = await exchange(proxy.port, text('GET /api/v1/info HTTP/1.1', headers));
      expect(answers).toMatchObject([{ status: 200 }]);
      expect(handled).toMatchObject([{ address: '127.0.0.1' }]);
      expect(smuggled([])).toEqual([]);
      const scrape = await exchange(proxy.port, text('GET /metrics HTTP/1.1'));
      expect(scrape.answers).toMatchObject([{ status: 404 }]);
    });

    it('[PE-08] what was sent and not answered is not sent again', async () => {
      let posts = 0;
      const upstream = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.on('data', (bytes) => {
          const post = bytes.toString('latin1').startsWith('POST');
          if (post) posts += 1;
          if (post) socket.destroy();
          else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'); // a health check
        });
      }).listen(0, '127.0.0.1');
      await once(upstream, 'listening');
      const other = await Proxy.start(kind, (upstream.address() as AddressInfo).port);
      const bytes = text(login, [json, 'Content-Length: 2'], '{}');
      const { answers } = await exchange(other.port, bytes, { timeoutMs: 5_000 });
      await other.stop();
      upstream.close();
      expect(answers).toMatchObject([{ status: 502 }]);
      expect(posts).toBe(1);
    });
  });
}

describeWith('nginx')('Behind an nginx that keeps whatever nothing forbids to keep', () => {
  let proxy: Proxy;
  let first: SignedIn;
  let second: SignedIn;

  beforeAll(async () => {
    proxy = await Proxy.start('nginx', wire.port);
    first = await wire.app.administrator();
    second = await wire.app.administrator();
  });
  afterAll(() => proxy.stop());

  async function ask(path: string, headers: Record<string, string> = {}): Promise<Kept> {
    const answer = await fetch(`http://127.0.0.1:${proxy.cachePort}${path}`, { headers });
    const { status } = answer;
    return { status, headers: answer.headers, body: await answer.text() };
  }
  const as = ({ accessToken }: SignedIn): Record<string, string> => ({
    authorization: `Bearer ${accessToken}`,
  });

  /** Every documented GET, asked about the first user. */
  function addresses(): { path: string; open: boolean }[] {
    const document = buildOpenApi(wire.app.app, {
      version: '0',
      url: 'http://x',
      environment: 'test',
    });
    const samples: Record<string, string> = { id: first.id, name: 'admin', code: 'access.denied' };
    return Object.entries(document.paths)
      .filter(([, item]) => item.get)
      .map(([path, { get }]) => ({
        path: path.replace(/{(\w+)}/g, (_whole, name: string) => samples[name] ?? first.id),
        open: get!.security?.length === 0,
      }));
  }

  it('[PE-12][V14.3.2] no documented route shares an answer between users', async () => {
    const routes = addresses();
    expect(routes.length).toBeGreaterThan(20);
    const shared: string[] = [];
    for (const { path, open } of routes) {
      const [one, same] = [await ask(path, as(first)), await ask(path, as(first))];
      const [other, nobody] = [await ask(path, as(second)), await ask(path)];
      const answers = [one, same, other, nobody];
      for (const { status } of answers)
        expect([path, status >= 500]).toEqual([path, status === 503]);
      if (!open) expect([path, nobody.status]).toEqual([path, 401]);
      const cacheControl = one.headers.get('cache-control') ?? '';
      if (answers.some(({ headers }) => headers.get('x-cache') === 'HIT')) shared.push(path);
      else expect([path, cacheControl]).toEqual([path, expect.stringMatching(/no-store|private/)]);
    }
    expect(shared).toEqual(['/.well-known/jwks.json']);
    const [mine, theirs] = [
      await ask('/api/v1/users/me', as(first)),
      await ask('/api/v1/users/me', as(second)),
    ];
    expect([mine, theirs].map(({ body }) => (JSON.parse(body) as SignedIn).id)).toEqual([
      first.id,
      second.id,
    ]);
  });

  it('[PE-12][ID-13] nor do cookies, keys, or a caller who is refused first', async () => {
    const path = '/api/v1/users/me';
    expect((await ask(`${path}?`)).status).toBe(401);
    expect((await ask(`${path}?`, as(first))).status).toBe(200);
    const cookie = `__Host-gatehouse-access=${first.accessToken}`;
    const [mine, nobody] = [await ask(path, { cookie }), await ask(path, { cookie: 'a=b' })];
    expect(mine.status).toBe(200);
    expect(nobody.status).toBe(401);
  });

  it('[PE-12] files of the documentation are kept by whoever asks whether they changed', async () => {
    const path = '/docs/swagger-ui.css';
    const { headers } = await ask(path);
    expect(headers.get('cache-control')).toBe('public, max-age=0');
    const tag = headers.get('etag')!;
    expect(tag).toMatch(/^(W\/)?"[^"]+"$/);
    const again = await wire.app.get(path, { headers: { 'if-none-match': tag } });
    expect(again).toMatchObject({ status: 304, body: '' });
  });
});

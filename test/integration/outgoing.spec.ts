import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { loadConfig, PerimeterConfig } from '../../src/platform/config/index.js';
import { networkOf } from '../../src/platform/outgoing/allowed-address.js';
import { Connections, type NameLookup } from '../../src/platform/outgoing/connections.js';
import { Outgoing } from '../../src/platform/outgoing/index.js';
import { Metrics } from '../../src/platform/telemetry/metrics.js';
import { makeCertificate } from '../support/mailbox.js';
import { randomName, TestApp } from '../support/test-app.js';

const limits = { timeoutMs: 500, maxBytes: 1_000 };
/** For what must not fail however busy the machine is. */
const patient = { timeoutMs: 10_000, maxBytes: 1_000 };
const clients: Outgoing[] = [];
const metrics = new Metrics();

const allowing = (networks = '', env: Record<string, string> = {}): Outgoing =>
  kept(new Outgoing(settings({ OUTGOING_NETWORKS: networks, ...env }), metrics));

function settings(env: Record<string, string>): PerimeterConfig {
  return loadConfig(env).get(PerimeterConfig);
}

function kept<T extends Outgoing>(client: T): T {
  clients.push(client);
  return client;
}

const servers: Server[] = [];

async function serve(listener: RequestListener, server = createServer()): Promise<string> {
  server.on('request', listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterAll(() => {
  for (const client of clients) client.onApplicationShutdown();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describe('Outgoing requests', () => {
  it('[PE-11][V1.3.6] reach no private address, named or by number', async () => {
    let reached = 0;
    const url = await serve((_request, response) => response.end(String(++reached)));
    const { port } = new URL(url);
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::7f00:1]',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      '127.0.0.1.',
      '①②⑦.0.0.1',
      '0',
    ]) {
      await expect(allowing().get(`http://${host}:${port}/`, limits)).rejects.toMatchObject({
        reason: 'refused',
        message: expect.stringContaining('OUTGOING_NETWORKS') as string,
      });
    }
    expect(reached).toBe(0);
    const answer = await allowing('127.0.0.1').get(url, limits);
    expect(answer).toMatchObject({ status: 200, body: '1' });
    const named = await allowing('127.0.0.0/8,::1').get(`http://localhost:${port}`, limits);
    expect(named.status).toBe(200);
  });

  it('[PE-11] go where a name points when the connection is made, and nowhere else', async () => {
    const arrived: string[] = [];
    const url = await serve((request, response) => {
      arrived.push(request.url!);
      response.end();
    });
    const { port } = new URL(url);
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1', '10.0.0.1'], []];
    const names: NameLookup = (_name, _options, found) =>
      found(
        null,
        answers.shift()!.map((address) => ({ address, family: 4 })),
      );
    class Rebinding extends Outgoing {
      protected override connect(): Connections {
        return new Connections([networkOf('127.0.0.1')], undefined, names);
      }
    }
    const client = kept(new Rebinding(settings({}), metrics));
    const call = (path: string): Promise<unknown> =>
      client.request(`http://rebinding.example:${port}${path}`, {
        ...patient,
        method: 'POST', // on a connection of its own, each time
      });
    await call('/first');
    for (const path of ['/other-address', '/one-of-two', '/no-address']) {
      await expect(call(path)).rejects.toMatchObject({ reason: 'refused' });
    }
    expect(arrived).toEqual(['/first']);
    expect(answers).toEqual([]);
  });

  it('[PE-11][V15.3.2] follow no redirect', async () => {
    let followed = false;
    const target = await serve((_request, response) => {
      followed = true;
      response.end();
    });
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: target }).end(),
    );
    expect((await allowing('127.0.0.1').get(url, limits)).status).toBe(302);
    expect(followed).toBe(false);
  });

  it('[PE-08] end in time, however slowly the other side answers', async () => {
    const silent = await serve(() => undefined);
    const dripping = await serve((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(drip));
    });
    const client = allowing('127.0.0.1');
    for (const url of [silent, dripping]) {
      await expect(client.get(url, limits)).rejects.toThrow('took too long');
    }
    const { body } = await client.stream(dripping, limits);
    await expect(text(body)).rejects.toThrow('took too long');
    await expect(client.get(await serve(() => undefined), { ...limits, timeoutMs: 1 }))
      .rejects // before it is sent
      .toThrow('took too long');
  });

  it('[PE-08] read no endless answer', async () => {
    let cut!: () => void;
    const over = new Promise<void>((resolve) => (cut = resolve));
    const url = await serve((request, response) => {
      if (request.url === '/long') return response.end('x'.repeat(2_000));
      response.on('close', cut);
      return Readable.from(
        (function* () {
          for (;;) yield 'x'.repeat(10_000);
        })(),
      ).pipe(response);
    });
    const client = allowing('127.0.0.1');
    await expect(client.get(`${url}/long`, limits)).rejects.toMatchObject({ reason: 'too_long' });
    const { body } = await client.stream(url, patient);
    await expect(text(body)).rejects.toMatchObject({ reason: 'too_long' });
    await over; // and the other side is hung up on
  });

  it('send any method, headers and body, whole or streamed, and stream answers', async () => {
    const url = await serve((request, response) => {
      response.setHeader('x-seen', `${request.method} ${String(request.headers['x-test'])}`);
      request.pipe(response);
    });
    const client = allowing('127.0.0.1');
    const headers = { 'x-test': 'yes' };
    const posted = await client.request(url, { ...patient, method: 'POST', headers, body: 'hü' });
    expect(posted).toMatchObject({ status: 200, body: 'hü', headers: { 'x-seen': 'POST yes' } });
    const body = Readable.from(['a', 'b', 'c']);
    const put = await client.stream(url, { ...patient, method: 'PUT', headers, body });
    expect([put.status, put.headers['x-seen'], await text(put.body)]).toEqual([
      200,
      'PUT yes',
      'abc',
    ]);
  });

  it('keep connections for what may be repeated, and for nothing else', async () => {
    const sockets = new Set<Socket>();
    const url = await serve((request, response) => {
      sockets.add(request.socket);
      response.end();
    });
    const client = allowing('127.0.0.1');
    for (let times = 0; times < 3; times++) await client.get(url, patient);
    expect(sockets.size).toBe(1);
    for (let times = 0; times < 2; times++) {
      await client.request(url, { ...patient, method: 'POST' });
    }
    expect(sockets.size).toBe(3);
  });

  it('[V12.3.2] trust no certificate but of the public authorities and OUTGOING_CA_FILE', async () => {
    const { key, cert } = makeCertificate(mkdtempSync(join(tmpdir(), 'gatehouse-tls-')));
    const pem = { key: readFileSync(key), cert: readFileSync(cert) };
    const plain = await serve((_request, response) => response.end('in'), createTlsServer(pem));
    const url = plain.replace('http://127.0.0.1', 'https://localhost');
    const networks = '127.0.0.1,::1';
    await expect(allowing(networks).get(url, patient)).rejects.toMatchObject({ reason: 'network' });
    const trusting = allowing(networks, { OUTGOING_CA_FILE: cert });
    expect((await trusting.get(url, patient)).body).toBe('in');
    for (const [file, problem] of [
      ['/nowhere', 'cannot be read: ENOENT'],
      [key, 'must be a certificate'],
    ]) {
      expect(() => allowing('', { OUTGOING_CA_FILE: file! })).toThrow(problem);
    }
  });

  it('[V13.2.3] take no credentials in addresses, and name no path in what they throw', async () => {
    const url = await serve((request) => request.socket.destroy());
    const { port } = new URL(url);
    const client = allowing('127.0.0.1');
    const call = (address: string): Promise<string> =>
      client.get(address, patient).then(
        () => 'answered',
        ({ message, reason }: Error & { reason: string }) => `${reason}: ${message}`,
      );
    const credentials = ['user', 'secret'].join(':');
    const told = [
      await call(`http://${credentials}@127.0.0.1:${port}/`),
      await call('ftp://secret.example/'),
      await call('secret'),
      await call(`${url}/secret?secret=1`),
    ];
    expect(told.map((line) => line.split(':', 1)[0])).toEqual([
      'invalid',
      'invalid',
      'invalid',
      'network',
    ]);
    expect(told.join()).not.toContain('secret');
  });
});

describe('[ER-02] A host that fails', () => {
  const status = { now: 200, calls: 0 };
  let url: string;

  beforeAll(async () => {
    url = await serve((_request, response) => {
      status.calls++;
      response.writeHead(status.now).end();
    });
  });
  beforeEach(() => Object.assign(status, { now: 200, calls: 0 }));
  afterEach(() => jest.restoreAllMocks());

  const outcome = (call: Promise<{ status: number }>): Promise<number | string> =>
    call.then(
      (answer) => answer.status,
      ({ reason }: { reason: string }) => reason,
    );

  it('is asked again where that does no harm: twice, and never for a POST', async () => {
    status.now = 503;
    const client = allowing('127.0.0.1');
    expect(await outcome(client.get(url, patient))).toBe(503);
    expect(status.calls).toBe(3);
    expect(await outcome(client.request(url, { ...patient, method: 'POST' }))).toBe(503);
    expect(status.calls).toBe(4);
  });

  it('is not asked again for a streamed body, a plain error, or before the time it names', async () => {
    const client = allowing('127.0.0.1');
    status.now = 503;
    const body = Readable.from(['once']);
    expect(await outcome(client.request(url, { ...patient, method: 'PUT', body }))).toBe(503);
    status.now = 500;
    expect(await outcome(client.get(url, patient))).toBe(500);
    expect(status.calls).toBe(2);
    let waited = 0;
    const patience = await serve((_request, response) => {
      waited++;
      response.writeHead(503, { 'retry-after': '60' }).end();
    });
    expect(await outcome(client.get(patience, patient))).toBe(503);
    expect(waited).toBe(1);
  });

  it('gets a second chance within the time limit of the call', async () => {
    let calls = 0;
    const flaky = await serve((request, response) => {
      if (++calls === 1) request.socket.destroy();
      else response.end('well');
    });
    const { body } = await allowing('127.0.0.1').get(flaky, patient);
    expect([body, calls]).toEqual(['well', 2]);
  });

  it('is left alone after five failures, then tried with one call', async () => {
    const client = allowing('127.0.0.1');
    const call = (): Promise<number | string> => outcome(client.get(url, patient));
    status.now = 500;
    for (let times = 0; times < 5; times++) expect(await call()).toBe(500);
    expect([await call(), status.calls]).toEqual(['open', 5]);
    const { host } = new URL(url);
    expect(await metrics.gauge('outgoing_breaker_state').get()).toMatchObject({
      values: expect.arrayContaining([{ labels: { host }, value: 2 }]) as unknown,
    });

    const later = Date.now() + 120_000;
    jest.spyOn(Date, 'now').mockReturnValue(later);
    expect([await call(), await call(), status.calls]).toEqual([500, 'open', 6]); // on trial: no

    jest.spyOn(Date, 'now').mockReturnValue(later + 120_000);
    status.now = 200;
    expect([await call(), await call(), status.calls]).toEqual([200, 200, 8]);
    expect(await metrics.gauge('outgoing_breaker_state').get()).toMatchObject({
      values: expect.arrayContaining([{ labels: { host }, value: 0 }]) as unknown,
    });
  });

  it('is not blamed for answers that are refused or too long, and others go on', async () => {
    const client = allowing('127.0.0.1');
    const long = await serve((_request, response) => response.end('x'.repeat(2_000)));
    for (let times = 0; times < 7; times++) {
      expect(await outcome(client.get(long, patient))).toBe('too_long');
    }
    status.now = 500;
    for (let times = 0; times < 6; times++) await outcome(client.get(url, patient));
    expect(await outcome(client.get(url, patient))).toBe('open');
    expect(await outcome(client.get(long, { ...patient, maxBytes: 5_000 }))).toBe(200);
  });

  it('holds twenty calls and lets fifty wait, no more', async () => {
    const open: (() => void)[] = [];
    let most = 0;
    const slow = await serve((_request, response) => {
      open.push(() => response.end());
      most = Math.max(most, open.length);
    });
    const client = allowing('127.0.0.1');
    const calls = Array.from({ length: 80 }, () => outcome(client.get(slow, patient)));
    const refused = await Promise.all(calls.slice(70));
    expect(refused).toEqual(Array(10).fill('full'));
    expect(await outcome(client.get(url, patient))).toBe(200); // another host
    for (let answered = 0; answered < 70;) {
      await new Promise(setImmediate);
      for (const end of open.splice(0)) {
        end();
        answered++;
      }
    }
    expect(await Promise.all(calls.slice(0, 70))).toEqual(Array(70).fill(200));
    expect(most).toBeLessThanOrEqual(20);
  });

  it('is measured, and no host beyond the fiftieth has a name', async () => {
    const client = allowing('127.0.0.0/8');
    const { port } = new URL(url);
    for (let last = 1; last <= 60; last++) {
      await outcome(client.get(`http://127.0.1.${last}:1/`, { ...patient, repeatable: false }));
    }
    const { values } = await metrics.histogram('outgoing_request_duration_seconds').get();
    const hosts = new Set(values.map(({ labels }) => String(labels.host)));
    const strangers = [...hosts].filter((host) => host.startsWith('127.0.1.'));
    expect(strangers).toHaveLength(50);
    expect(hosts).toContain('other');
    expect(hosts).toContain(`127.0.0.1:${port}`);
  });
});

describe('Passwords of known leaks', () => {
  const leaked = 'the quick brown fox of 1885';
  const asked: { path: string; padding: unknown }[] = [];
  let answer: RequestListener;
  let app: TestApp;

  beforeAll(async () => {
    const url = await serve((request, response) => {
      asked.push({ path: request.url!, padding: request.headers['add-padding'] });
      answer(request, response);
    });
    const env = { BREACHED_PASSWORDS_URL: url, OUTGOING_NETWORKS: '127.0.0.1' };
    app = await TestApp.start({ env });
  });
  beforeEach(() => {
    asked.length = 0;
    answer = (request, response) => {
      const hash = createHash('sha1').update(leaked).digest('hex').toUpperCase();
      const suffix = request.url!.endsWith(hash.slice(0, 5)) ? `${hash.slice(5)}:7\r\n` : '';
      const padding = createHash('sha1').update('a password nobody leaked').digest('hex');
      response.end(`${suffix}${padding.slice(5).toUpperCase()}:0`);
    };
  });
  afterAll(() => app.close());

  const register = (password: string): ReturnType<TestApp['post']> => {
    const username = randomName();
    const email = `${username}@example.com`;
    const passwords = { password, passwordConfirmation: password };
    return app.post('/api/v1/auth/register', { email, username, ...passwords });
  };

  it('[ID-05][V6.2.12] are refused, and only five digits of the hash leave the house', async () => {
    const refused = await register(leaked);
    expect(refused.status).toBe(400);
    expect(refused.body.errors).toMatchObject([{ pointer: '/password', rule: 'breached' }]);
    expect(asked).toEqual([
      { path: expect.stringMatching(/^\/range\/[0-9A-F]{5}$/), padding: 'true' },
    ]);
  });

  it('[ID-05] are not confused with padding or with others', async () => {
    expect((await register('a password nobody leaked')).status).toBe(201);
    expect((await register('another one of the kind')).status).toBe(201);
    expect(asked).toHaveLength(2);
  });

  it.each<[string, RequestListener]>([
    ['fails', (_request, response) => response.writeHead(500).end()],
    ['redirects', (_request, response) => response.writeHead(302, { location: '/' }).end()],
    ['hangs', () => undefined],
    ['hangs up', (request) => request.socket.destroy()],
    ['answers nonsense', (_request, response) => response.end(':::\n\0'.repeat(1_000))],
    ['answers without end', (_request, response) => response.end('x'.repeat(1_000_000))],
  ])('[ID-05][V16.5.2] keep nobody out when the service %s', async (_how, behaviour) => {
    answer = behaviour;
    expect((await register('one more password of mine')).status).toBe(201);
  });
});

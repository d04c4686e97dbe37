import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { loadConfig, PerimeterConfig } from '../../src/platform/config/index.js';
import { Outgoing } from '../../src/platform/outgoing/index.js';
import { randomName, TestApp } from '../support/test-app.js';

const limits = { timeoutMs: 500, maxBytes: 1_000 };
const allowing = (networks = ''): Outgoing =>
  new Outgoing(loadConfig({ OUTGOING_NETWORKS: networks }).get(PerimeterConfig));

const servers: Server[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterAll(() => {
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
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433']) {
      await expect(allowing().get(`http://${host}:${port}/`, limits)).rejects.toThrow(
        'OUTGOING_NETWORKS',
      );
    }
    expect(reached).toBe(0);
    expect(await allowing('127.0.0.1').get(url, limits)).toEqual({ status: 200, body: '1' });
    const named = await allowing('127.0.0.0/8,::1').get(`http://localhost:${port}`, limits);
    expect(named.status).toBe(200);
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
    for (const url of [silent, dripping]) {
      await expect(allowing('127.0.0.1').get(url, limits)).rejects.toThrow('took too long');
    }
  });

  it('[PE-08] read no endless answer', async () => {
    const url = await serve((_request, response) => response.end('x'.repeat(2_000)));
    await expect(allowing('127.0.0.1').get(url, limits)).rejects.toThrow('too long');
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

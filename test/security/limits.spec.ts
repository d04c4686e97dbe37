import { TestApp, type Answer, goodPassword } from '../support/test-app.js';
import { expectProblem } from './support/problem.js';

const login = '/api/v1/auth/login';
const policyOf = ({ headers }: Answer): string | undefined => headers['ratelimit-policy'];
const restOf = ({ headers }: Answer): number => Number(/;r=(\d+)/.exec(headers['ratelimit']!)![1]);

/** An item of structured fields (RFC 9651): a string and integer parameters. */
const structured = /^"[a-z]+"(;[a-z]=\d{1,15})+$/;

describe('Rate limits', () => {
  let app: TestApp;
  const others: TestApp[] = [];

  /** A new instance, whose counters are zero, over the same database. */
  async function fresh(env: Record<string, string> = {}): Promise<TestApp> {
    const { database, masterKey } = app;
    const other = await TestApp.start({
      env: { RATE_LIMIT_SCALE: '1', ...env },
      database,
      masterKey,
    });
    others.push(other);
    return other;
  }

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(async () => {
    for (const other of others) await other.close();
    await app.close();
  });

  function from(
    on: TestApp,
    remoteAddress: string,
    url: string,
    { forwarded, body }: { forwarded?: string; body?: string } = {},
  ): Promise<{ status: number; policy?: string; rest: number }> {
    return on.app
      .inject({
        method: body === undefined ? 'GET' : 'POST',
        url,
        remoteAddress,
        headers: {
          ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { payload: body }),
      })
      .then(({ statusCode, headers }) => ({
        status: statusCode,
        policy: headers['ratelimit-policy'] as string | undefined,
        rest: Number(/;r=(\d+)/.exec(String(headers['ratelimit']))?.[1] ?? -1),
      }));
  }

  it('[PE-01][V6.3.1][V2.4.1] lets five sign-ins through in 15 minutes, then says when to come back', async () => {
    const { username } = await app.member();
    const instance = await fresh();
    const wrong = { identifier: username, password: 'not the password' };
    for (let attempt = 1; attempt <= 5; attempt++) {
      const answer = await instance.post(login, wrong);
      expectProblem(answer, 'auth.invalid_credentials');
      expect(policyOf(answer)).toBe('"auth";q=5;w=900');
      expect(restOf(answer)).toBe(5 - attempt);
    }
    const sixth = await instance.post(login, { identifier: username, password: goodPassword });
    expectProblem(sixth, 'throttling.limit_exceeded');
    expect(sixth.headers['retry-after']).toMatch(/^\d+$/);
    expect(Number(sixth.headers['retry-after'])).toBeGreaterThan(800);
    expect(sixth.headers['ratelimit']).toMatch(structured);
    expect(sixth.headers['ratelimit-policy']).toMatch(structured);
    expect(restOf(sixth)).toBe(0);

    // Each route counts by itself, and other clients are not affected.
    const { policy } = await from(instance, '127.0.0.1', '/api/v1/auth/register', { body: '{}' });
    expect(policy).toBe('"auth";q=5;w=900');
    const body = JSON.stringify({ identifier: username, password: goodPassword });
    expect((await from(instance, '203.0.113.9', login, { body })).status).toBe(200);
  });

  it('[PE-01] limits sign-in by address also for who is signed in already', async () => {
    const { accessToken: token } = await app.member();
    const instance = await fresh();
    const wrong = { identifier: 'nobody', password: 'not the password' };
    for (let attempt = 0; attempt < 5; attempt++) await instance.post(login, wrong, { token });
    expect((await instance.post(login, wrong, { token })).status).toBe(429);
    expect((await instance.post(login, wrong)).status).toBe(429);
  });

  it('[PE-01] lets a stranger through 100 times a minute and a user 500 times', async () => {
    const { accessToken: token } = await app.member();
    const instance = await fresh();
    const statuses = async (count: number, headers?: Record<string, string>): Promise<number[]> => {
      const all: number[] = [];
      for (let index = 0; index < count; index++) {
        const { statusCode } = await instance.app.inject({ url: '/api/v1/users/me', headers });
        all.push(statusCode);
      }
      return all;
    };
    const strangers = await statuses(101);
    expect(strangers.slice(0, 100).every((status) => status === 401)).toBe(true);
    expect(strangers[100]).toBe(429);
    const users = await statuses(501, { authorization: `Bearer ${token}` });
    expect(users.slice(0, 500).every((status) => status === 200)).toBe(true);
    expect(users[500]).toBe(429);
  }, 120_000);

  it('[PE-01] never turns probes, scrapers and verifiers away', async () => {
    const instance = await fresh({ RATE_LIMIT_SCALE: '0.01' });
    const urls = [
      '/health/live',
      '/health/startup',
      '/health/ready',
      '/metrics',
      '/.well-known/jwks.json',
    ];
    for (const url of urls) {
      for (let round = 0; round < 30; round++) {
        const answer = await instance.get(url);
        expect([answer.status, policyOf(answer)]).toEqual([200, undefined]);
      }
    }
  });

  it('[PE-01] multiplies every quota by RATE_LIMIT_SCALE', async () => {
    const instance = await fresh({ RATE_LIMIT_SCALE: '0.03' });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++)
      statuses.push((await instance.get('/api/v1/info')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(policyOf(await instance.get('/api/v1/info'))).toBe('"anonymous";q=3;w=60');
  });

  it('[PE-01] counts refusals of every kind: no route, no method, no JSON, no URL', async () => {
    const instance = await fresh({ RATE_LIMIT_SCALE: '0.1' });
    const json = { 'content-type': 'application/json' };
    const tries: (() => Promise<Answer>)[] = [
      () => instance.get('/api/v1/nothing'),
      () => instance.call('PUT', '/api/v1/users'),
      () => instance.call('TRACE' as 'GET', '/api/v1/users'),
      () => instance.call('POST', login, { body: '{', headers: json }),
      () => instance.call('POST', login, { body: 'x', headers: { 'content-type': 'text/plain' } }),
      () => instance.get('/api/v1/%zz'),
      () => instance.get('/api/v1/info?a=1&a=2'),
      () => instance.get('/api/v1/users/%00'),
      () => instance.get(`/api/v1/roles/${'a'.repeat(300)}`),
      () => instance.get('/api/v1/info', { headers: { 'x-http-method': 'DELETE' } }),
    ];
    const rests: number[] = [];
    for (const attempt of tries) rests.push(restOf(await attempt()));
    expect(rests).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    for (const attempt of tries.slice(1)) {
      expectProblem(await attempt(), 'throttling.limit_exceeded');
    }
    const encoded = await instance.call('POST', '/%61pi/v1/auth/login', {
      body: '{',
      headers: json,
    });
    expectProblem(encoded, 'throttling.limit_exceeded'); // the tenth in a row, which blocks
    for (const attempt of tries) expectProblem(await attempt(), 'throttling.blocked');
  });

  it('[PE-01][V15.3.4][V4.1.3] believes X-Forwarded-For of nobody when no proxy is trusted', async () => {
    const instance = await fresh();
    for (const [index, forwarded] of ['203.0.113.1', '203.0.113.2', '10.0.0.1', 'x'].entries()) {
      const { rest } = await from(instance, '198.51.100.1', '/api/v1/info', { forwarded });
      expect(rest).toBe(99 - index);
    }
  });

  it('[PE-01][V15.3.4][V4.1.3] takes the right-most hop that is no trusted proxy for the client', async () => {
    const instance = await fresh({ TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8:ffff::/48' });
    const rest = async (address: string, forwarded: string): Promise<number> =>
      (await from(instance, address, '/api/v1/info', { forwarded })).rest;
    expect(await rest('10.0.0.1', '203.0.113.7')).toBe(99);
    expect(await rest('10.9.9.9', '203.0.113.7')).toBe(98);
    expect(await rest('2001:db8:ffff::1', '203.0.113.7')).toBe(97);
    expect(await rest('10.0.0.1', '203.0.113.7, 10.0.0.2')).toBe(96); // a chain of proxies
    for (const [index, forged] of [
      '1.1.1.1',
      '2.2.2.2, 3.3.3.3',
      '10.0.0.3',
      'rubbish',
    ].entries()) {
      expect(await rest('10.0.0.1', `${forged}, 203.0.113.7`)).toBe(95 - index);
    }
    expect(await rest('198.51.100.1', '203.0.113.7')).toBe(99); // no proxy of ours
    expect(await rest('198.51.100.1', '203.0.113.8')).toBe(98);
  });

  it('[PE-01][V4.1.3] takes the proxy for the client when it forwards no address', async () => {
    const instance = await fresh({ TRUSTED_PROXIES: '10.0.0.1' });
    const forged = ['', 'rubbish', '1.2.3.4:5678', "' OR 1=1", '_hidden', `${'1'.repeat(5_000)}`];
    for (const [index, forwarded] of forged.entries()) {
      const answer = await from(instance, '10.0.0.1', '/api/v1/info', { forwarded });
      expect(answer).toMatchObject({ status: 200, rest: 99 - index });
    }
    const body = JSON.stringify({ identifier: 'nobody', password: goodPassword });
    const refused = await from(instance, '10.0.0.1', login, { forwarded: 'rubbish', body });
    expect(refused.status).toBe(401); // the audit trail takes it too
    expect((await app.audit('auth.sign_in_refused')).at(-1)).toMatchObject({ address: '10.0.0.1' });
  });

  it('[PE-01] counts all addresses of one IPv6 customer together', async () => {
    const instance = await fresh();
    const rests: number[] = [];
    for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:db8:1:3::1']) {
      rests.push((await from(instance, address, '/api/v1/info')).rest);
    }
    expect(rests).toEqual([99, 98, 99]);
  });
});

import { setImmediate as turn } from 'node:timers/promises';

import { eventually } from '../../support/processes.js';
import {
  type Answer,
  goodPassword,
  randomName,
  type SignedIn,
  TestApp,
} from '../../support/test-app.js';

const many = <T>(count: number, call: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, call));

function expectRefusal({ status, headers, body }: Answer): void {
  expect([status, body.code]).toEqual([503, 'server.overloaded']);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(Number(headers['retry-after'])).toBeLessThan(10);
  expect(headers).toMatchObject({
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
  });
}

describe('Too much at once', () => {
  let app: TestApp;
  let admin: SignedIn;
  let lines: string[];

  async function start(env: Record<string, string>): Promise<void> {
    lines = [];
    app = await TestApp.start({ env, log: (line) => lines.push(line) });
    admin = await app.administrator();
    await me();
  }
  afterEach(() => app.close());

  const me = (): Promise<Answer> => app.get('/api/v1/users/me', { token: admin.accessToken });
  const list = (): Promise<Answer> => app.get('/api/v1/users', { token: admin.accessToken });
  const refusals = async (reason: string): Promise<number> => {
    const { body } = await app.get('/metrics');
    const found = new RegExp(`^overload_refusals_total\\{reason="${reason}"\\} (\\d+)`, 'm');
    return Number(found.exec(String(body))?.[1] ?? 0);
  };
  const logged = (reason: string): number =>
    lines.filter((line) => line.includes(`"reason":"${reason}"`)).length;
  async function expectReady(): Promise<void> {
    for (const probe of ['live', 'ready', 'startup']) {
      expect((await app.get(`/health/${probe}`)).status).toBe(200);
    }
  }

  it('[PE-08][F13] of the event loop: a part is refused, probes are answered, and it ends', async () => {
    await start({ LOAD_EVENT_LOOP_LAG_MS: '150', CORS_ORIGINS: 'https://app.example.com' });
    let stop = false;
    const hog = (async () => {
      while (!stop) {
        for (const until = performance.now() + 400; performance.now() < until;);
        await turn();
      }
    })();
    const headers = { origin: 'https://app.example.com' };
    const refused: Answer[] = [];
    await eventually(async () => {
      const answers = await many(8, () => app.get('/api/v1/users/me', { headers }));
      refused.push(...answers.filter(({ status }) => status === 503));
      expect(refused.length).toBeGreaterThan(3);
    }, 15_000);
    expectRefusal(refused[0]!);
    expect(refused[0]!.headers).not.toHaveProperty('ratelimit'); // it was not counted
    expect(refused[0]!.headers['access-control-allow-origin']).toBe('https://app.example.com');
    await expectReady();
    const health = await app.get('/api/v1/health');
    expect(health).toMatchObject({ status: 200, body: { status: 'degraded' } });
    expect(await refusals('event_loop')).toBeGreaterThan(3);
    expect(logged('event_loop')).toBe(1);
    stop = true;
    await hog;
    await eventually(async () => {
      const answers = await many(20, me);
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    }, 15_000);
  });

  it('[PE-08][F12] for the pool: what needs it is refused at once, the rest goes on', async () => {
    await start({ DATABASE_POOL_MAX: '5', DATABASE_POOL_QUEUE_MAX: '3' });
    const before = await refusals('database_pool');
    await app.database.superuser.query('BEGIN; LOCK TABLE audit_events IN EXCLUSIVE MODE');
    const waiting = many(8, list); // 5 hold a connection and wait for the lock, 3 wait for one
    await eventually(async () => {
      const { rowCount } = await app.database.superuser.query(
        `SELECT FROM pg_locks WHERE NOT granted AND relation = 'audit_events'::regclass`,
      );
      expect(rowCount).toBe(5);
    });
    await turn();
    (await many(6, list)).forEach(expectRefusal);
    expect((await many(10, me)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    await expectReady();
    expect(await refusals('database_pool')).toBe(before + 6);
    expect(logged('database_pool')).toBe(1);
    await app.database.superuser.query('COMMIT');
    expect((await waiting).map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect((await many(5, list)).map(({ status }) => status)).toEqual(Array(5).fill(200));
  });

  it('[PE-08][F11] of sign-ins: who is signed in does not notice, and it ends', async () => {
    await start({
      PASSWORD_HASH_CONCURRENCY: '1',
      PASSWORD_HASH_QUEUE_LIMIT: '5',
      LOAD_EVENT_LOOP_LAG_MS: '2000',
    });
    const login = (identifier = randomName()): Promise<Answer> =>
      app.post('/api/v1/auth/login', { identifier, password: goodPassword });
    const before = await refusals('password_hashes');
    const flood = many(60, () => login());
    const meanwhile = await many(40, me);
    expect(meanwhile.map(({ status }) => status)).toEqual(Array(40).fill(200));
    await expectReady();
    const refused = (await flood).filter(({ status }) => status !== 401);
    refused.forEach(expectRefusal);
    expect(refused.length).toBeGreaterThan(30);
    expect(await refusals('password_hashes')).toBe(before + refused.length);
    expect(logged('password_hashes')).toBe(1);
    expect((await login(admin.username)).status).toBe(200);
  });
});

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { eventually, temporaryFolder } from '../../support/processes.js';
import {
  account,
  endServices,
  goodPassword,
  ServiceProcess,
} from '../../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

jest.setTimeout(120_000);

const masterKey = randomBytes(32).toString('base64');
/** How soon a change made at one instance counts at another. Milliseconds. */
const soon = 1_000;
let database: TestDatabase;

afterEach(async () => {
  await endServices();
  await database.drop();
});

async function start(more: Record<string, string> = {}): Promise<ServiceProcess> {
  const env = {
    DATABASE_URL: database.serviceUrl,
    MIGRATION_DATABASE_URL: database.ownerUrl,
    DATA_DIR: await temporaryFolder(),
    MASTER_KEY: masterKey,
    PUBLIC_URL: 'https://gatehouse.example.com',
  };
  return ServiceProcess.start({ env: { ...env, ...more } });
}

async function numbers(sql: string): Promise<number[]> {
  const { rows } = await database.superuser.query<{ n: number }>(sql);
  return rows.map(({ n }) => n);
}

describe('Instances that start together on an empty database', () => {
  it('[ID-06][F15][F18] are all ready, with one schema, one signing key and one data key', async () => {
    database = await createTestDatabase('template1');
    const services = await Promise.all([start(), start(), start()]);
    const keySets = await Promise.all(
      services.map(async (each) => (await each.get('/.well-known/jwks.json')).body),
    );
    expect(keySets[0].keys).toHaveLength(1);
    expect(keySets).toEqual([keySets[0], keySets[0], keySets[0]]);
    expect(await numbers('SELECT count(*)::int AS n FROM signing_keys')).toEqual([1]);
    expect(
      await numbers('SELECT DISTINCT count(*)::int AS n FROM data_keys GROUP BY class'),
    ).toEqual([1]);
    expect(
      await numbers('SELECT count(*)::int AS n FROM migrations GROUP BY name HAVING count(*) > 1'),
    ).toEqual([]);
    const token = await signedIn(services[0]!);
    for (const each of services) {
      expect(await each.status('/health/ready')).toBe(200);
      expect(await each.status('/api/v1/users/me', { token })).toBe(200);
    }
  });

  it('[ID-12] make one administrator of ADMIN_EMAIL', async () => {
    database = await createTestDatabase();
    const env = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: goodPassword };
    await Promise.all([start(env), start(env), start(env)]);
    expect(await numbers('SELECT count(*)::int AS n FROM users')).toEqual([1]);
  });

  it('[F16] with a master key of its own, one of them is refused', async () => {
    database = await createTestDatabase();
    await start();
    const other = start({ MASTER_KEY: randomBytes(32).toString('base64') });
    await expect(other).rejects.toThrow(/MASTER_KEY does not open data key/);
  });
});

describe('What happens at one instance', () => {
  let a: ServiceProcess;
  let b: ServiceProcess;
  let listenerOfA: number;

  beforeEach(async () => {
    database = await createTestDatabase();
    a = await start();
    [listenerOfA] = (await listeners()) as [number];
    b = await start();
    await listenerOfB();
  });

  const listeners = (): Promise<number[]> =>
    numbers(
      `SELECT pid AS n FROM pg_stat_activity WHERE datname = current_database()
       AND application_name = 'gatehouse-listener' AND query LIKE '%pg_notify%'`,
    );

  const listenerOfB = async (): Promise<number> => {
    let found: number | undefined;
    await eventually(async () => {
      found = (await listeners()).find((pid) => pid !== listenerOfA);
      expect(found).toBeDefined();
    });
    return found!;
  };

  /** B knows the token, and knows it from its cache. */
  async function cachedAtB(token: string): Promise<void> {
    for (let i = 0; i < 3; i++) expect(await b.status('/api/v1/users/me', { token })).toBe(200);
  }

  /** Milliseconds from now until it refuses the token, as it must in any case. */
  const refused = (token: string, at = b): Promise<number> =>
    eventually(async () => expect(await at.status('/api/v1/users/me', { token })).toBe(401));

  /**
   * Measures a round that begins with the answer of one instance and ends when the other has
   * changed. What else the machine does can only add to it, so that the shortest of three rounds is
   * closest to what the service takes. That the change comes at all is demanded of every round.
   */
  async function withinASecond(round: () => Promise<number>): Promise<void> {
    const times: number[] = [];
    do times.push(await round());
    while (Math.min(...times) > soon && times.length < 3);
    expect(Math.min(...times)).toBeLessThanOrEqual(soon);
  }

  async function signOutAtA(token: string): Promise<void> {
    expect((await a.post('/api/v1/auth/logout', undefined, { token })).status).toBe(204);
  }

  /** Signs out at A what B knows; gives the milliseconds until B knows better. */
  async function signedOutRound(): Promise<number> {
    const token = await signedIn(a);
    await cachedAtB(token);
    await signOutAtA(token);
    return refused(token);
  }

  async function administrator(): Promise<string> {
    const user = account();
    await a.post('/api/v1/setup', { ...user, token: a.setupToken });
    return signedIn(a, user);
  }

  it('[ID-08][V8.3.2] signing out counts at the other', async () => {
    for (let i = 0; i < 5; i++) await withinASecond(signedOutRound);
  });

  it('[ID-08] signing out everywhere counts at the other, for every session', async () => {
    await withinASecond(async () => {
      const user = account();
      const tokens = [await signedIn(a, user), await signedIn(a, user), await signedIn(b, user)];
      for (const token of tokens) await cachedAtB(token);
      const everywhere = await b.post('/api/v1/auth/logout-all', undefined, { token: tokens[0]! });
      expect(everywhere.status).toBe(204);
      return Math.max(...(await Promise.all(tokens.flatMap((t) => [refused(t), refused(t, a)]))));
    });
  });

  it('[ID-08] ending more sessions at once than one notification can name does as well', async () => {
    const many = await start({ SESSIONS_PER_USER: '1000' });
    await withinASecond(async () => {
      const user = account();
      const first = await signedIn(many, user);
      const { id } = (await b.get('/api/v1/users/me', { token: first })).body;
      await database.superuser.query(
        `INSERT INTO sessions (id, user_id, family_hash, secret_hash, idle_expires_at, expires_at)
         SELECT gen_random_uuid(), $1, sha256(gen_random_uuid()::text::bytea), 'x',
                now() + interval '1 day', now() + interval '1 day' FROM generate_series(1, 900)`,
        [id],
      );
      const last = await signedIn(many, user);
      await cachedAtB(last);
      const everywhere = await a.post('/api/v1/auth/logout-all', undefined, { token: first });
      expect(everywhere.status).toBe(204);
      return refused(last);
    });
  });

  it('[ID-08][V8.3.2] roles that are given and taken count at the other', async () => {
    const admin = await administrator();
    const user = account();
    const token = await signedIn(a, user);
    const { id } = (await b.get('/api/v1/users/me', { token })).body;
    const list = (): Promise<number> => b.status('/api/v1/users', { token });
    expect(await list()).toBe(403);
    const assigned = async (roles: string[], status: number): Promise<number> => {
      const call = { body: { roles }, token: admin };
      expect((await a.call('PUT', `/api/v1/users/${id}/roles`, call)).status).toBe(200);
      return eventually(async () => expect(await list()).toBe(status));
    };
    await withinASecond(async () =>
      Math.max(await assigned(['member', 'auditor'], 200), await assigned(['member'], 403)),
    );
  });

  it('[ID-08][V7.4.2] disabling an account counts at the other', async () => {
    const admin = await administrator();
    await withinASecond(async () => {
      const token = await signedIn(a);
      const { id } = (await b.get('/api/v1/users/me', { token })).body;
      await cachedAtB(token);
      const disabled = { body: { status: 'disabled' }, token: admin };
      expect((await a.call('PATCH', `/api/v1/users/${id}`, disabled)).status).toBe(200);
      return refused(token);
    });
  });

  it('[ID-08][F06] counts too while the other cannot hear: it does without its cache', async () => {
    let cutting = true;
    const cut = (async () => {
      while (cutting) {
        await database.superuser.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'gatehouse-listener'`,
        );
        await delay(5);
      }
    })();
    await eventually(async () => {
      const { components } = (await b.get('/api/v1/health')).body;
      const deaf = expect.objectContaining({ name: 'invalidation', status: 'degraded' });
      expect(components).toContainEqual(deaf);
    });
    expect(await b.status('/health/ready')).toBe(200);
    await withinASecond(signedOutRound);
    cutting = false;
    await cut;
    await eventually(async () => {
      const { components } = (await b.get('/api/v1/health')).body;
      const hears = expect.objectContaining({ name: 'invalidation', status: 'healthy' });
      expect(components).toContainEqual(hears);
    });
    await withinASecond(signedOutRound);
  });

  it('[ID-08][F06] a notification lost with the connection does not leave a revoked token good', async () => {
    await withinASecond(async () => {
      const token = await signedIn(a);
      await cachedAtB(token);
      const pid = await listenerOfB();
      await Promise.all([
        database.superuser.query('SELECT pg_terminate_backend($1)', [pid]),
        signOutAtA(token),
      ]);
      const took = await refused(token);
      await listenerOfB(); // it is back; so must not be the token
      expect(await b.status('/api/v1/users/me', { token })).toBe(401);
      return took;
    });
  });

  it('[F06] a notification that is not ours is no harm', async () => {
    const token = await signedIn(a);
    for (const payload of ['', 'no JSON', 'null', '{"tags":1}', '[1,null]', '[]']) {
      await database.superuser.query(`SELECT pg_notify('gatehouse_invalidate', $1)`, [payload]);
    }
    await delay(300);
    await cachedAtB(token);
    expect([a.running, b.running]).toEqual([true, true]);
  });
});

async function signedIn(service: ServiceProcess, user = account()): Promise<string> {
  const registered = await service.post('/api/v1/auth/register', user);
  expect([201, 409]).toContain(registered.status);
  const login = { identifier: user.username, password: goodPassword };
  const answer = await service.post('/api/v1/auth/login', login);
  expect(answer.status).toBe(200);
  return answer.body.accessToken as string;
}

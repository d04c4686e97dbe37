import { expectHonestFailures, Load, slowest } from '../support/load.js';
import { LossyProxy } from '../support/lossy-proxy.js';
import { eventually, temporaryFolder } from '../support/processes.js';
import { account, endServices, goodPassword, ServiceProcess } from '../support/service-process.js';
import type { Answer } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

jest.setTimeout(180_000);
jest.retryTimes(2, { logErrorsBeforeRetry: true }); // times are contracts that a busy machine may miss

let database: TestDatabase;
let service: ServiceProcess;
let proxy: LossyProxy | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await endServices();
  await proxy?.close();
  proxy = undefined;
  await database.drop();
});

async function start(env: Record<string, string> = {}): Promise<void> {
  service = await ServiceProcess.start({
    env: {
      DATABASE_URL: database.serviceUrl,
      MIGRATION_DATABASE_URL: database.ownerUrl,
      DATA_DIR: await temporaryFolder(),
      ...env,
    },
  });
}

const register = (): ReturnType<ServiceProcess['post']> =>
  service.post('/api/v1/auth/register', account());

async function member(): Promise<string> {
  const user = account();
  expect((await service.post('/api/v1/auth/register', user)).status).toBe(201);
  const login = { identifier: user.username, password: goodPassword };
  return (await service.post('/api/v1/auth/login', login)).body.accessToken as string;
}

async function administrator(): Promise<string> {
  const user = account();
  await service.post('/api/v1/setup', { ...user, token: service.setupToken });
  const login = { identifier: user.username, password: goodPassword };
  return (await service.post('/api/v1/auth/login', login)).body.accessToken as string;
}

/** Cuts every connection of the service, as a failing network or an operator does. */
async function cutConnections(): Promise<number> {
  const { rowCount } = await database.superuser.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'gatehouse%'`,
  );
  return rowCount ?? 0;
}

async function connections(where = 'true'): Promise<number> {
  const { rowCount } = await database.superuser.query(
    `SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'gatehouse' AND ${where}`,
  );
  return rowCount ?? 0;
}

describe('Connections that are cut under load', () => {
  it('[F02] cost 503 at most; the pool heals by itself', async () => {
    await start();
    const token = await member();
    const load = new Load(
      {
        register,
        me: () => service.get('/api/v1/users/me', { token }),
        sessions: () => service.get('/api/v1/auth/sessions', { token }),
        ready: () => service.get('/health/live'),
      },
      4,
    );
    for (let round = 0; round < 20; round++) {
      const before = load.of('register', 201).length;
      await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(before + 5));
      expect(await cutConnections()).toBeGreaterThan(0);
    }
    const cut = performance.now();
    await eventually(() => {
      const since = load.samples.filter(({ at }) => at > cut + 50).slice(-20);
      expect(since).toHaveLength(20);
      expect(since.filter(({ status }) => status > 201)).toEqual([]);
    }, 2_000);
    const samples = await load.stop();
    expectHonestFailures(samples, service.lines);
    expect(slowest(samples)).toBeLessThan(5_000);
    expect(service.running).toBe(true);
  });

  it('[F02] do not leave a transaction half done', async () => {
    await start();
    const load = new Load({ register }, 8);
    for (let round = 0; round < 10; round++) {
      const before = load.samples.length;
      await eventually(() => expect(load.samples.length).toBeGreaterThan(before + 10));
      await cutConnections();
    }
    await load.stop();
    const acknowledged = load.of('register', 201).map(({ answer }) => String(answer?.body.id));
    const { rows } = await database.superuser.query<{ id: string; events: string }>(
      `SELECT id, (SELECT count(*) FROM audit_events WHERE target_id = users.id::text) AS events
       FROM users`,
    );
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
    expect(rows.filter(({ events }) => events !== '1')).toEqual([]);
  });
});

describe('A migration under a running instance', () => {
  it('[F18] costs at most one 503 per connection', async () => {
    await start({ DATABASE_POOL_MAX: '5' });
    const token = await administrator();
    const list = (): Promise<Answer> => service.get('/api/v1/users', { token });
    const burst = (): Promise<Answer[]> => Promise.all(Array.from({ length: 24 }, list));
    const migrate = (type: string): Promise<unknown> =>
      database.superuser.query(`ALTER TABLE users ALTER display_name TYPE ${type}`);
    for (const type of ['varchar(200)', 'text', 'varchar(200)']) {
      expect((await burst()).map(({ status }) => status)).toEqual(Array(24).fill(200));
      const open = await connections(); // each has prepared the statement by now
      await migrate(type);
      const answers = [...(await burst()), ...(await burst())];
      const failed = answers.filter(({ status }) => status !== 200);
      expect(failed.length).toBeGreaterThan(0);
      expect(failed.length).toBeLessThanOrEqual(open);
      const told = failed.map(({ status, body, headers }) => [
        ...[status, body.code],
        Number(headers['retry-after']) > 0,
      ]);
      expect(told).toEqual(failed.map(() => [503, 'database.unavailable', true]));
    }
  });
});

describe('An answer to COMMIT that is lost on the way', () => {
  it('[F02][ID-08] leaves no session good that was ended', async () => {
    proxy = await LossyProxy.before(database.serviceUrl);
    await start({ DATABASE_URL: proxy.url });
    const token = await member();
    for (let i = 0; i < 3; i++) {
      expect(await service.status('/api/v1/users/me', { token })).toBe(200);
    }
    proxy.loseNextCommit();
    const answer = await service.post('/api/v1/auth/logout', undefined, { token });
    expect(answer).toMatchObject({ status: 503, body: { code: 'database.unavailable' } });
    const refused = async (): Promise<void> =>
      expect(await service.status('/api/v1/users/me', { token })).toBe(401);
    await eventually(refused, 1_000);
  });
});

describe('A database that takes no writes', () => {
  const readOnly = async (on: boolean): Promise<void> => {
    const { rows } = await database.superuser.query<{ name: string }>(
      'SELECT current_database() AS name',
    );
    const setting = `default_transaction_read_only = ${on ? 'on' : 'off'}`;
    await database.superuser.query(`ALTER DATABASE ${rows[0]!.name} SET ${setting}`);
    await cutConnections();
  };

  /**
   * Served: what only reads. Refused with 503 database.read_only: every change, signing in and
   * refreshing (they write sessions), and reads that leave an audit event, such as those of other
   * people's accounts: no look without its trace.
   */
  it('[F04] is read from; writes are refused as such; it recovers without a restart', async () => {
    await start();
    const token = await member();
    const admin = await administrator();
    await readOnly(true);
    for (const path of ['/api/v1/users/me', '/api/v1/auth/sessions']) {
      await eventually(async () => expect(await service.status(path, { token })).toBe(200), 2_000);
    }
    expect(await service.status('/api/v1/roles', { token: admin })).toBe(200);
    expect(await service.status('/health/ready')).toBe(200);
    expect(await service.status('/.well-known/jwks.json')).toBe(200);
    const login = { identifier: 'nobody', password: goodPassword };
    const refused = [
      await register(),
      await service.post('/api/v1/auth/login', login),
      await service.call('PATCH', '/api/v1/users/me', { token, body: { displayName: 'Ada' } }),
      await service.post('/api/v1/auth/logout', undefined, { token }),
      await service.get('/api/v1/users', { token: admin }),
    ];
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'database.read_only' } });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(await service.status('/api/v1/users/me', { token })).toBe(200); // not signed out
    await readOnly(false);
    await eventually(async () => expect((await register()).status).toBe(201), 2_000);
    expect(await service.status('/api/v1/users', { token: admin })).toBe(200);
    expect(service.running).toBe(true);
  });

  it('[F04] does not keep a new instance from starting', async () => {
    const env = { DATA_DIR: await temporaryFolder() };
    await start(env);
    await administrator();
    await service.stop();
    await readOnly(true);
    await start(env);
    expect(await service.status('/health/ready')).toBe(200);
  });
});

describe('A pool without a free connection', () => {
  const poolMax = 5;

  it('[F12] refuses in time, says when to come again, leaks nothing and recovers', async () => {
    await start({ DATABASE_POOL_MAX: String(poolMax) });
    const token = await member();
    await database.superuser.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const load = new Load(
      {
        register,
        sessions: () => service.get('/api/v1/auth/sessions', { token }),
        live: () => service.get('/health/live'),
        ready: () => service.get('/health/ready'),
        health: () => service.get('/health/live'),
      },
      6,
    );
    await eventually(() => expect(load.of('register', 503).length).toBeGreaterThan(20), 30_000);
    await database.superuser.query('COMMIT');
    const released = load.of('register').length;
    await eventually(() => expect(load.of('register').length).toBeGreaterThan(released + 12));
    const samples = await load.stop();
    expectHonestFailures(
      samples.filter(({ kind, status }) => kind !== 'ready' && status !== 504),
      service.lines,
    );
    expect(slowest(samples)).toBeLessThan(5_000);
    expect(load.of('live').every(({ status }) => status === 200)).toBe(true);
    const answers = await Promise.all(Array.from({ length: 20 }, register));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(await connections()).toBeLessThanOrEqual(poolMax);
    expect(await connections(`state <> 'idle'`)).toBe(0);
    expect(await service.status('/health/ready')).toBe(200);
  });

  it('[F12] a caller that only waits for a connection is told so after two seconds', async () => {
    await start({ DATABASE_POOL_MAX: String(poolMax) });
    const token = await member();
    await service.get('/api/v1/auth/sessions', { token });
    await database.superuser.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const holding = Array.from({ length: poolMax * 3 }, register);
    const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass`;
    await eventually(async () => {
      expect((await database.superuser.query(waiting)).rowCount).toBe(poolMax);
    });
    const asked = performance.now();
    const answer = await service.get('/api/v1/auth/sessions', { token });
    expect(performance.now() - asked).toBeLessThan(4_000);
    if (answer.status !== 200) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'database.unavailable' } });
    }
    const answers = await Promise.all(holding);
    await database.superuser.query('COMMIT');
    // Two seconds for the connection and two for the lock come close to the limit of a request.
    for (const { status } of answers) expect([503, 504]).toContain(status);
    expect((await register()).status).toBe(201);
  });
});

import { setTimeout as delay } from 'node:timers/promises';

import { eventually, processesIn, processGroup, temporaryFolder } from '../../support/processes.js';
import { account, endServices, parsed, ServiceProcess } from '../../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

jest.setTimeout(120_000);
jest.retryTimes(2, { logErrorsBeforeRetry: true }); // times are contracts that a busy machine may miss

afterEach(endServices);

describe('Stopping on SIGTERM', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await endServices();
    await database.drop();
  });

  const start = async (env: Record<string, string> = {}): Promise<ServiceProcess> =>
    ServiceProcess.start({
      env: { DATABASE_URL: database.ownerUrl, DATA_DIR: await temporaryFolder(), ...env },
    });

  /** A registration that cannot go on before `release`. */
  async function heldRegistration(
    service: ServiceProcess,
  ): Promise<{ answer: ReturnType<ServiceProcess['post']>; release(): Promise<void> }> {
    const { superuser } = database;
    await superuser.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const answer = service.post('/api/v1/auth/register', account());
    answer.catch(() => undefined);
    await eventually(async () => {
      const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass`;
      expect((await superuser.query(waiting)).rowCount).toBe(1);
    });
    return { answer, release: async () => void (await superuser.query('COMMIT')) };
  }

  it('[F14] turns readiness off first, finishes what runs, then leaves with 0', async () => {
    const service = await start({ HTTP_DRAIN_DELAY_MS: '800' });
    const { answer, release } = await heldRegistration(service);
    service.signal('SIGTERM');
    await eventually(async () => {
      const ready = await service.get('/health/ready');
      expect(ready).toMatchObject({ status: 503, body: { status: 'stopping' } });
      expect(ready.headers['connection']).toBe('close');
    });
    // Balancers that have not noticed yet are still served.
    expect(await service.status('/health/live')).toBe(200);
    expect(await service.status('/api/v1/info')).toBe(200);
    await eventually(() => expect(service.get('/health/live')).rejects.toThrow());
    expect(service.running).toBe(true);
    await release();
    expect((await answer).status).toBe(201);
    const released = performance.now();
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - released).toBeLessThan(5_000);
    expect(service.lines.map((line) => parsed(line)?.['msg'])).toContain('Stopping');
  });

  it('[F14] SIGINT does the same', async () => {
    const service = await start();
    const { answer, release } = await heldRegistration(service);
    service.signal('SIGINT');
    await delay(300);
    await release();
    const released = performance.now();
    expect((await answer).status).toBe(201);
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - released).toBeLessThan(5_000);
  });

  it('[F14] idle connections that clients keep open do not hold it up', async () => {
    const service = await start();
    await Promise.all(Array.from({ length: 10 }, () => service.get('/health/live')));
    const asked = performance.now();
    expect(await service.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - asked).toBeLessThan(5_000);
  });

  it('[F14] a request that does not end is cut at the drain timeout', async () => {
    const service = await start({
      HTTP_DRAIN_TIMEOUT_MS: '500',
      DATABASE_QUERY_TIMEOUT_MS: '60000',
      HTTP_HANDLER_TIMEOUT_MS: '60000',
    });
    await database.superuser.query('ALTER ROLE gatehouse_owner SET lock_timeout = 0');
    const { answer, release } = await heldRegistration(service);
    const asked = performance.now();
    await service.stop();
    expect(performance.now() - asked).toBeLessThan(5_000);
    await release();
    await expect(answer).rejects.toThrow();
  });

  it('[F14] a second signal does not wait', async () => {
    const service = await start({ HTTP_DRAIN_DELAY_MS: '30000' });
    service.signal('SIGTERM');
    await eventually(async () => expect(await service.status('/health/ready')).toBe(503));
    await delay(600); // closer together they count as one: npm passes on what a terminal sends
    expect(service.running).toBe(true);
    const asked = performance.now();
    expect((await service.stop()).code).toBe(1);
    expect(performance.now() - asked).toBeLessThan(5_000);
  });
});

describe('Stopping with the embedded PostgreSQL', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await temporaryFolder();
  });

  const start = (npm = false): Promise<ServiceProcess> =>
    ServiceProcess.start({ env: { DATA_DIR: dataDir }, npm });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '[F14][DA-01] %s stops the server with the service',
    async (signal) => {
      const service = await start();
      expect(processesIn(dataDir).length).toBeGreaterThan(3);
      expect(await service.stop(signal)).toEqual({ code: 0, signal: null });
      expect(processesIn(dataDir)).toEqual([]);
    },
  );

  it('[F14][DA-01] while starting leaves nothing either, and the next start works', async () => {
    for (const waitMs of [0, 300, 600, 1_000, 1_500]) {
      const service = ServiceProcess.launch({ env: { DATA_DIR: dataDir } });
      await eventually(() => expect(service.lines.length + waitMs).toBeGreaterThan(0));
      await delay(500 + waitMs);
      await service.stop();
      await eventually(() => expect(processesIn(dataDir)).toEqual([]));
    }
    await start();
  });

  it('[F14] a second signal leaves no server behind', async () => {
    const env = { DATA_DIR: dataDir, HTTP_DRAIN_DELAY_MS: '30000' };
    const service = await ServiceProcess.start({ env });
    service.signal('SIGTERM');
    await delay(700);
    await service.stop();
    await eventually(() => expect(processesIn(dataDir)).toEqual([]));
  });

  it('[F14] Ctrl-C under npm start, which sends the signal twice, still stops in order', async () => {
    const service = await start(true);
    service.signalGroup('SIGINT');
    await service.exited;
    const messages = service.lines.map((line) => parsed(line)?.['msg']);
    expect(messages).toContain('Stopping');
    expect(messages).not.toContain('Stopping did not go well');
    expect(service.stderr).not.toMatch(/npm error/);
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('[F14] SIGTERM to npm start reaches the service', async () => {
    const service = await start(true);
    await service.stop();
    expect(processesIn(dataDir)).toEqual([]);
    expect(processGroup(service.pid)).toEqual([]);
  });

  it('[F14] npm that is killed takes the service and the server with it', async () => {
    const service = await start(true);
    expect(processGroup(service.pid).length).toBeGreaterThan(1);
    service.signal('SIGKILL');
    await eventually(() => expect(processGroup(service.pid)).toEqual([]));
    await eventually(() => expect(processesIn(dataDir)).toEqual([]));
  });
});

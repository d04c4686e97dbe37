import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { EmbeddedPostgres } from '../../../src/platform/database/embedded/index.js';
import { expectHonestFailures, Load, slowest } from '../../support/load.js';
import {
  eventually,
  postmasterOf,
  processesIn,
  signal,
  temporaryFolder,
} from '../../support/processes.js';
import {
  account,
  endServices,
  goodPassword,
  ServiceProcess,
} from '../../support/service-process.js';

jest.setTimeout(180_000);
jest.retryTimes(2, { logErrorsBeforeRetry: true }); // times are contracts that a busy machine may miss

/** A server of our own, since it will be stopped and frozen. */
let dataDir: string;
let postgres: EmbeddedPostgres;
const masterKey = randomBytes(32).toString('base64');

const startPostgres = async (): Promise<void> => {
  postgres = await EmbeddedPostgres.start({ dataDir, log: () => undefined });
};
/** Stops the clock of the server and all its backends: sockets stay open, nobody answers. */
const freeze = (): void => processesIn(dataDir).forEach((pid) => signal(pid, 'SIGSTOP'));
const thaw = (): void => processesIn(dataDir).forEach((pid) => signal(pid, 'SIGCONT'));

beforeEach(async () => {
  dataDir = await temporaryFolder();
  await startPostgres();
});
afterEach(async () => {
  thaw();
  await postgres.stop();
  await endServices();
});

const start = async (): Promise<ServiceProcess> =>
  ServiceProcess.start({
    env: {
      DATABASE_URL: postgres.serviceUrl,
      MIGRATION_DATABASE_URL: postgres.ownerUrl,
      DATA_DIR: await temporaryFolder(),
      MASTER_KEY: masterKey,
    },
  });

async function member(service: ServiceProcess): Promise<string> {
  const user = account();
  expect((await service.post('/api/v1/auth/register', user)).status).toBe(201);
  const login = { identifier: user.username, password: goodPassword };
  return (await service.post('/api/v1/auth/login', login)).body.accessToken as string;
}

function loadOf(service: ServiceProcess, token: string): Load {
  return new Load({
    register: () => service.post('/api/v1/auth/register', account()),
    me: () => service.get('/api/v1/users/me', { token }),
    sessions: () => service.get('/api/v1/auth/sessions', { token }),
    live: () => service.get('/health/live'),
  });
}

const readiness = async (service: ServiceProcess, status: number): Promise<number> =>
  eventually(async () => expect(await service.status('/health/ready')).toBe(status), 5_000);

describe('A database that restarts', () => {
  it.each(['fast', 'immediate'])(
    '[F03] %s: readiness follows, nobody is restarted',
    async (kind) => {
      const service = await start();
      const load = loadOf(service, await member(service));
      await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(5));
      if (kind === 'immediate') signal(postmasterOf(dataDir), 'SIGQUIT');
      await postgres.stop();
      await readiness(service, 503);
      const report = await service.get('/api/v1/health');
      expect(report).toMatchObject({ status: 200, body: { status: 'unhealthy' } });
      await delay(2_000);
      await startPostgres();
      await readiness(service, 200);
      const before = load.of('register', 201).length;
      await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(before + 5));
      const samples = await load.stop();
      expectHonestFailures(samples, service.lines);
      expect(load.of('live').every(({ status }) => status === 200)).toBe(true);
      expect(slowest(samples)).toBeLessThan(5_000);
      expect(service.running).toBe(true);
    },
  );

  it('[F03] that is away for long is waited for', async () => {
    const service = await start();
    const token = await member(service);
    await postgres.stop();
    await delay(15_000);
    const refused = await service.get('/api/v1/users/me', { token });
    expect(refused).toMatchObject({ status: 503, body: { code: 'database.unavailable' } });
    await startPostgres();
    await readiness(service, 200);
    expect(await service.status('/api/v1/users/me', { token })).toBe(200);
  });
});

describe('A database that is frozen', () => {
  it('[F21] every caller gets an answer within 5 s; it heals when the server goes on', async () => {
    const service = await start();
    const token = await member(service);
    const load = loadOf(service, token);
    await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(5));
    freeze();
    await eventually(() => expect(load.of('register', 503).length).toBeGreaterThan(0), 6_000);
    await readiness(service, 503);
    await delay(8_000);
    expect(await service.status('/health/live')).toBe(200);
    thaw();
    await readiness(service, 200);
    const healed = load.of('register', 201).length;
    await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(healed + 5));
    const samples = await load.stop();
    expectHonestFailures(
      samples.filter(({ status }) => status !== 504),
      service.lines,
    );
    expect(slowest(samples)).toBeLessThan(5_000);
    expect(load.of('live').every(({ status }) => status === 200)).toBe(true);
    expect(service.running).toBe(true);
  });

  it('[F21][ID-08] afterwards instances hear of revocations again', async () => {
    const [a, b] = [await start(), await start()];
    const tokens = [await member(a), await member(a), await member(a)];
    for (const token of tokens) expect(await b.status('/api/v1/users/me', { token })).toBe(200);
    freeze();
    await delay(5_000);
    thaw();
    await Promise.all([readiness(a, 200), readiness(b, 200)]);
    for (const token of tokens) {
      await eventually(async () => {
        expect(await b.status('/api/v1/users/me', { token })).toBe(200);
      });
      expect((await a.post('/api/v1/auth/logout', undefined, { token })).status).toBe(204);
      const refused = async (): Promise<void> =>
        expect(await b.status('/api/v1/users/me', { token })).toBe(401);
      await eventually(refused, 1_000);
    }
    await eventually(async () => {
      const { components } = (await b.get('/api/v1/health')).body;
      expect(components).toContainEqual(
        expect.objectContaining({ name: 'invalidation', status: 'healthy' }),
      );
    });
  });

  it('[F14][F21] does not keep the service from stopping', async () => {
    const service = await start();
    const token = await member(service);
    freeze();
    void service.get('/api/v1/auth/sessions', { token }).catch(() => undefined);
    const asked = performance.now();
    const { code } = await service.stop();
    expect(code).toBe(0);
    expect(performance.now() - asked).toBeLessThan(16_000); // the drain timeout
  });
});

import { randomUUID } from 'node:crypto';

import { Client } from 'pg';

import { AuditVerifier } from '../../../src/features/audit-log/index.js';
import { AuditLogRepository } from '../../../src/features/audit-log/audit-log.repository.js';
import { EmbeddedPostgres } from '../../../src/platform/database/embedded/index.js';
import { parseVerifierKey } from '../../../src/platform/transparency-log/index.js';
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
import type { Answer } from '../../support/test-app.js';

jest.setTimeout(180_000);
jest.retryTimes(2, { logErrorsBeforeRetry: true }); // times are contracts that a busy machine may miss

/** How often service and database are killed together: `npm run test:faults -- audit` says 50. */
const powerFailures = Number(process.env['POWER_FAILURES'] ?? 1);

let dataDir: string;

beforeEach(async () => {
  dataDir = await temporaryFolder();
});
afterEach(endServices);

const start = (): Promise<ServiceProcess> => ServiceProcess.start({ env: { DATA_DIR: dataDir } });

const registrations = (service: ServiceProcess, callers: number): Load =>
  new Load({ register: () => service.post('/api/v1/auth/register', account()) }, callers);

/** A registration that its client may repeat. */
class Keyed {
  private readonly body = account();
  private readonly headers = { 'idempotency-key': randomUUID() };
  send = (service: ServiceProcess): Promise<Answer> =>
    service.post('/api/v1/auth/register', this.body, { headers: this.headers });
}

async function sql(text: string): Promise<number> {
  const urls = await EmbeddedPostgres.attach(dataDir);
  const client = new Client({ connectionString: urls!.ownerUrl });
  await client.connect();
  try {
    return (await client.query(text)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}

/** Every acknowledged user is there once, with its event; nobody is there by half. */
async function expectWhole(acknowledged: readonly string[]): Promise<void> {
  const urls = await EmbeddedPostgres.attach(dataDir);
  const client = new Client({ connectionString: urls!.ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; roles: string; events: string }>(
      `SELECT id,
              (SELECT count(*) FROM user_roles WHERE user_id = users.id) AS roles,
              (SELECT count(*) FROM audit_events
               WHERE action = 'users.registered' AND target_id = users.id::text) AS events
       FROM users`,
    );
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining([...acknowledged]));
    expect(rows.filter(({ roles, events }) => roles !== '1' || events !== '1')).toEqual([]);
    const events = await client.query(`SELECT FROM audit_events WHERE action = 'users.registered'`);
    expect(events.rowCount).toBe(rows.length);
  } finally {
    await client.end();
  }
}

/** The service is up and gives every event its place; then the whole log is recomputed. */
async function expectLogVerifies(): Promise<void> {
  const urls = await EmbeddedPostgres.attach(dataDir);
  const client = new Client({ connectionString: urls!.ownerUrl });
  await client.connect();
  const rows = async <T>(text: string, values?: unknown[]): Promise<T[]> =>
    (await client.query(text, values)).rows as T[];
  try {
    await eventually(async () => expect(await rows('SELECT FROM audit_pending')).toEqual([]));
    const [key] = await rows<{ verifier: string }>('SELECT verifier FROM audit_log_keys');
    const database = { rows, row: async (...query: [string]) => (await rows(...query))[0] };
    const verifier = new AuditVerifier(new AuditLogRepository(database as never));
    const { size } = await verifier.verify({ key: parseVerifierKey(key!.verifier) });
    const [{ events, logged } = {}] = await rows<{ events: string; logged: string }>(
      `SELECT count(*) AS events, count(DISTINCT log_index) AS logged
       FROM audit_events LEFT JOIN audit_entries ON event_id = id`,
    );
    expect([logged, size]).toEqual([events, Number(events)]); // each exactly once, and nothing else
  } finally {
    await client.end();
  }
}

describe('kill -9', () => {
  it('[F01][PE-10] of the service loses no acknowledged registration, and repetitions make none twice', async () => {
    const acknowledged: string[] = [];
    const sent: Keyed[] = [];
    const next = (): Keyed => sent[sent.push(new Keyed()) - 1]!;
    for (let round = 0; round < 3; round++) {
      const asked = performance.now();
      const service = await start();
      if (round > 0) expect(performance.now() - asked).toBeLessThan(10_000);
      const load = new Load({ register: () => next().send(service) }, 8);
      await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(20));
      service.signal('SIGKILL');
      await load.stop();
      acknowledged.push(...load.of('register', 201).map(({ answer }) => String(answer?.body.id)));
    }
    const service = await start();
    await expectWhole(acknowledged);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    await sql('UPDATE idempotency_keys SET leased_until = now()'); // the dead keep theirs for 15 s
    for (const each of sent) {
      const { status, body } = await each.send(service);
      if (status !== 201) expect([status, body.code]).toEqual([409, 'idempotency.answer_gone']);
    }
    expect(await sql('SELECT FROM users')).toBe(sent.length);
    await expectWhole(acknowledged);
    await expectLogVerifies();
    expect(await service.status('/health/ready')).toBe(200);
  });

  it(
    '[F01][AU-02] of service and database at once, as when power fails, loses none either, and the audit log verifies',
    async () => {
      const acknowledged: string[] = [];
      for (let failure = 0; failure < powerFailures; failure++) {
        const service = await start();
        const load = registrations(service, 8);
        await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(20));
        for (const pid of [service.pid, ...processesIn(dataDir)]) signal(pid, 'SIGKILL');
        await load.stop();
        acknowledged.push(...load.of('register', 201).map(({ answer }) => String(answer?.body.id)));
      }
      const asked = performance.now();
      const again = await start();
      expect(performance.now() - asked).toBeLessThan(10_000);
      await expectWhole(acknowledged);
      await expectLogVerifies();
      expect((await again.post('/api/v1/auth/register', account())).status).toBe(201);
    },
    60_000 + powerFailures * 30_000,
  );

  it('[F01][F03] of the embedded server heals without a restart', async () => {
    const service = await start();
    const user = account();
    expect((await service.post('/api/v1/auth/register', user)).status).toBe(201);
    const login = { identifier: user.username, password: goodPassword };
    const { accessToken: token } = (await service.post('/api/v1/auth/login', login)).body;
    const load = new Load({
      register: () => service.post('/api/v1/auth/register', account()),
      me: () => service.get('/api/v1/users/me', { token }),
      sessions: () => service.get('/api/v1/auth/sessions', { token }),
      live: () => service.get('/health/live'),
    });
    for (let crash = 0; crash < 3; crash++) {
      const before = load.of('register', 201).length;
      await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(before + 5));
      const pid = postmasterOf(dataDir);
      process.kill(pid, 'SIGKILL');
      await eventually(() => expect(postmasterOf(dataDir)).not.toBe(pid), 20_000);
      const down = load.of('register', 201).length;
      await eventually(
        () => expect(load.of('register', 201).length).toBeGreaterThan(down + 5),
        20_000,
      );
    }
    await eventually(async () => expect(await service.status('/health/ready')).toBe(200));
    const samples = await load.stop();
    expectHonestFailures(samples, service.lines);
    expect(load.of('live').every(({ status }) => status === 200)).toBe(true);
    expect(slowest(samples)).toBeLessThan(5_000);
    await expectWhole(load.of('register', 201).map(({ answer }) => String(answer?.body.id)));
    expect(service.running).toBe(true);
  });

  it('[F03] of one backend, which makes the server restart all, heals as well', async () => {
    const service = await start();
    const load = registrations(service, 4);
    await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(5));
    const pid = postmasterOf(dataDir);
    const urls = await EmbeddedPostgres.attach(dataDir);
    const client = new Client({ connectionString: urls!.ownerUrl });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    process.kill(rows[0]!.pid, 'SIGKILL');
    const down = load.of('register', 201).length;
    await eventually(() => expect(load.of('register', 201).length).toBeGreaterThan(down + 10));
    expectHonestFailures(await load.stop(), service.lines);
    expect(postmasterOf(dataDir)).toBe(pid);
    await expectWhole(load.of('register', 201).map(({ answer }) => String(answer?.body.id)));
    await client.end().catch(() => undefined);
  });
});

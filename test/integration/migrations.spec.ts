import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

import { Client } from 'pg';

import { migrate, migrationStatus, revertLast } from '../../src/platform/database/index.js';
import { eventually, signal } from '../support/processes.js';
import { schemaOf } from '../support/schema.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

jest.setTimeout(120_000);

const root = resolve(import.meta.dirname, '../..');
const commands = new Set<ChildProcess>();
let database: TestDatabase;

afterEach(async () => {
  for (const { pid } of commands) signal(pid!, 'SIGKILL');
  commands.clear();
  await database.drop();
});

/** `npm run cli -- migrate …` without npm. */
function cli(...args: string[]): { child: ChildProcess; output: Promise<string> } {
  const child = spawn(process.execPath, ['dist/cli.js', ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], DATABASE_URL: database.ownerUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  commands.add(child);
  child.once('exit', () => commands.delete(child));
  return { child, output: text(child.stdout) };
}

describe('Migrations', () => {
  it('[F18][DA-01] of several processes one applies them and the others find them done', async () => {
    database = await createTestDatabase('template1');
    const outputs = await Promise.all([
      cli('migrate').output,
      cli('migrate').output,
      cli('migrate').output,
    ]);
    const busy = outputs.filter((output) => output !== 'The schema is current.\n');
    expect(busy).toHaveLength(1);
    const { applied, pending } = await migrationStatus(database.ownerUrl);
    expect(pending).toEqual([]);
    expect(busy[0]).toContain(`${applied.length} migrations applied.`);
    for (const name of applied) expect(busy[0]).toContain(`applied  ${name}`);
    expect(await schemaOf(database.superuser)).toEqual(await schemaOfTemplate());
  });

  it('[F18][F01] killed half way leave nothing partial, and a rerun completes', async () => {
    database = await createTestDatabase('template1');
    // An index of that name, not yet committed, makes the second half of a migration wait.
    const blocker = new Client({ connectionString: database.ownerUrl });
    await blocker.connect();
    await blocker.query('BEGIN; CREATE TABLE blocking (id int)');
    await blocker.query('CREATE INDEX users_by_creation ON blocking (id)');
    const { child } = cli('migrate');
    await eventually(async () => {
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database()
                       AND wait_event_type = 'Lock' AND query LIKE 'CREATE INDEX users_by_creation%'`;
      expect((await database.superuser.query(waiting)).rowCount).toBe(1);
    }, 30_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const rerun = cli('migrate'); // while the backend of the killed one still waits
    await blocker.query('ROLLBACK');
    await blocker.end();
    expect(await rerun.output).toMatch(/migrations applied/);
    expect((await migrationStatus(database.ownerUrl)).pending).toEqual([]);
    expect(await schemaOf(database.superuser)).toEqual(await schemaOfTemplate());
  });

  it('[F18][F01] killed half way are seen as not applied', async () => {
    database = await createTestDatabase('template1');
    const blocker = new Client({ connectionString: database.ownerUrl });
    await blocker.connect();
    await blocker.query('BEGIN; CREATE TABLE sessions (id int)');
    const { child } = cli('migrate');
    await eventually(async () => {
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database()
                       AND wait_event_type = 'Lock' AND query LIKE '%CREATE TABLE sessions%'`;
      expect((await database.superuser.query(waiting)).rowCount).toBe(1);
    }, 30_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await blocker.query('ROLLBACK');
    await blocker.end();
    await eventually(async () => {
      const { rows } = await database.superuser.query<{ sessions: string | null }>(
        `SELECT to_regclass('sessions') AS sessions`,
      );
      expect(rows).toEqual([{ sessions: null }]);
    });
    const { applied, pending } = await migrationStatus(database.ownerUrl);
    expect(applied.at(-1)).toBe('Keys1763600000003');
    expect(pending[0]).toBe('Sessions1763600000004');
    expect(await migrate(database.ownerUrl)).toEqual(pending);
  });

  it('[DA-01][F18] each can be undone and done again: the schema is the same as before', async () => {
    database = await createTestDatabase('template1');
    const empty = await schemaOf(database.superuser);
    const applied = await migrate(database.ownerUrl);
    const complete = await schemaOf(database.superuser);
    expect(complete.length).toBeGreaterThan(empty.length);
    for (let steps = 1; steps <= applied.length; steps++) {
      const undone: (string | null)[] = [];
      for (let step = 0; step < steps; step++) undone.push(await revertLast(database.ownerUrl));
      expect(undone.reverse()).toEqual(applied.slice(-steps));
      if (steps === applied.length) expect(await schemaOf(database.superuser)).toEqual(empty);
      expect(await migrate(database.ownerUrl)).toEqual(applied.slice(-steps));
      expect(await schemaOf(database.superuser)).toEqual(complete);
    }
  });

  it('[DA-01] are idle when there is nothing to undo or to do', async () => {
    database = await createTestDatabase('template1');
    expect(await revertLast(database.ownerUrl)).toBeNull();
    await migrate(database.ownerUrl);
    expect(await migrate(database.ownerUrl)).toEqual([]);
  });

  it('[DA-01] bring up the tables of the queue whenever they are behind, and lose no job', async () => {
    database = await createTestDatabase('template1');
    await migrate(database.ownerUrl);
    const { superuser } = database;
    await superuser.query(`SELECT graphile_worker.add_job('queue.clean_up')`);
    // As a version of graphile-worker would find it that knows one migration more.
    await superuser.query('DELETE FROM graphile_worker.migrations WHERE id = 20');
    await superuser.query('DROP POLICY gatehouse_service ON graphile_worker._private_jobs');
    expect(await migrate(database.ownerUrl)).toEqual([]);
    const again = await superuser.query('SELECT FROM graphile_worker.migrations WHERE id = 20');
    expect(again.rowCount).toBe(1);
    const policy = `SELECT FROM pg_policies WHERE schemaname = 'graphile_worker'
                    AND tablename = '_private_jobs' AND policyname = 'gatehouse_service'`;
    expect((await superuser.query(policy)).rowCount).toBe(1);
    expect((await superuser.query('SELECT FROM graphile_worker.jobs')).rowCount).toBe(1);
  });
});

describe('The role of the service', () => {
  const refused: [string, string][] = [
    ['make tables', 'CREATE TABLE mine (id int)'],
    ['make functions', "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"],
    ['make schemas', 'CREATE SCHEMA mine'],
    ['make extensions', 'CREATE EXTENSION pgcrypto'],
    ['change tables', 'ALTER TABLE users ADD COLUMN mine int'],
    ['drop tables', 'DROP TABLE users'],
    ['empty tables', 'TRUNCATE users CASCADE'],
    ['switch triggers off', 'ALTER TABLE audit_events DISABLE TRIGGER ALL'],
    ['act as a replica', 'SET session_replication_role = replica'],
    ['change audit events', "UPDATE audit_events SET leaf = 'nothing'"],
    ['delete audit events', 'DELETE FROM audit_events'],
    ['truncate audit events', 'TRUNCATE audit_events'],
    ['change what is migrated', 'DELETE FROM migrations'],
    ['change the queue', 'ALTER TABLE graphile_worker._private_jobs ADD COLUMN mine int'],
    ['make tables in the queue', 'CREATE TABLE graphile_worker.mine (id int)'],
    ['change which queue is migrated', 'DELETE FROM graphile_worker.migrations'],
    ['make roles', 'CREATE ROLE mine'],
    ['become the owner', 'SET ROLE gatehouse_owner'],
    ['read files', "SELECT pg_read_file('PG_VERSION')"],
    ['run programs', "COPY users TO PROGRAM 'cat'"],
  ];

  it.each(refused)('[V13.2.2][DA-01] cannot %s', async (_what, statement) => {
    database = await createTestDatabase();
    const client = new Client({ connectionString: database.serviceUrl });
    await client.connect();
    try {
      await client.query('SET ROLE gatehouse_service');
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
      await client.query('RESET ROLE'); // nor can its login
      await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });

  it('[V13.2.2] does all that the queue needs', async () => {
    database = await createTestDatabase();
    const client = new Client({ connectionString: database.serviceUrl });
    await client.connect();
    await client.query('SET ROLE gatehouse_service');
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM graphile_worker.add_job('queue.clean_up', job_key => 'one')`,
    );
    expect((await client.query('SELECT id FROM graphile_worker.jobs')).rows).toEqual(rows);
    await client.query(`UPDATE graphile_worker._private_jobs SET locked_by = 'me', attempts = 1`);
    await client.query(`SELECT graphile_worker.force_unlock_workers('{me}')`);
    expect((await client.query('DELETE FROM graphile_worker._private_jobs')).rowCount).toBe(1);
    await client.query('SELECT FROM graphile_worker.migrations');
    await client.end();
  });

  it('[V13.2.2] not even the owner changes audit events without saying so', async () => {
    database = await createTestDatabase();
    const owner = new Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query(
      `WITH made AS (SELECT gen_random_uuid() AS id)
       INSERT INTO audit_events (id, leaf)
       SELECT id, jsonb_build_object('id', id, 'action', 'test', 'category', 'test', 'outcome', 'success',
         'actor', jsonb_build_object('kind', 'system'), 'requestId', 'none') FROM made`,
    );
    for (const sql of [
      "UPDATE audit_events SET leaf = 'x'",
      'DELETE FROM audit_events',
      'TRUNCATE audit_events',
    ]) {
      await expect(owner.query(sql)).rejects.toThrow(/audit events are final/);
    }
    await owner.end();
  });
});

/** The schema as the global set-up has made it, in one go. */
async function schemaOfTemplate(): Promise<string[]> {
  const template = await createTestDatabase();
  try {
    return await schemaOf(template.superuser);
  } finally {
    await template.drop();
  }
}

import { AuditService } from '../../../src/features/audit/index.js';
import { BrokenLogError, Sequencer } from '../../../src/features/audit-log/index.js';
import {
  isConsistent,
  leafHash,
  openCheckpoint,
  parseVerifierKey,
  rootFromInclusion,
  verifyTlogProof,
} from '../../../src/platform/transparency-log/index.js';
import { expectProblem } from '../../security/support/problem.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';

const audit = '/api/v1/audit';

describe('The audit log', () => {
  let app: TestApp;
  let auditor: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    auditor = await app.administrator();
  });
  afterAll(() => app.close());

  const sequence = (): Promise<number> => app.app.get(Sequencer).run();
  const read = (path: string) => app.get(`${audit}/${path}`, { token: auditor.accessToken });
  const verifier = async () => parseVerifierKey((await app.get(`${audit}/public-key`)).body);
  const record = (count: number): Promise<void> =>
    app.app.get(AuditService).recordAll(
      'users.erased',
      Array.from({ length: count }, () => ({
        payload: {},
        target: { kind: 'user' as const, id: auditor.id },
      })),
    );

  it('[AU-02] proves each event, by proof and by checkpoint', async () => {
    await record(300); // more than a tile
    const events = await app.audit('users.erased');
    for (const { id } of [events[0]!, events[150]!, events.at(-1)!]) {
      const { status, body } = await read(`events/${id as string}/proof`);
      expect(status).toBe(200);
      const head = openCheckpoint(body.checkpoint, await verifier());
      const leaf = Buffer.from(body.leafB64, 'base64');
      expect(JSON.parse(leaf.toString())).toMatchObject({ id, action: 'users.erased' });
      const hashes = (body.proof as string[]).map((hash) => Buffer.from(hash, 'base64'));
      const root = rootFromInclusion(body.leafIdx, head.size, leafHash(leaf), hashes);
      expect(root).toEqual(head.root);
      expect(verifyTlogProof(body.tlogProof, leaf, await verifier())).toEqual(head);
    }
  });

  it('[AU-02] proves that it only grew', async () => {
    const key = await verifier();
    await sequence();
    const before = openCheckpoint((await read('checkpoint')).body, key);
    await record(7);
    await sequence();
    const after = openCheckpoint((await read('checkpoint')).body, key);
    expect(after.size).toBeGreaterThanOrEqual(before.size + 7);
    const { body } = await read(`consistency?from=${before.size}&to=${after.size}`);
    expect(body).toMatchObject({ from: before.size, to: after.size });
    const proof = (body.proof as string[]).map((hash) => Buffer.from(hash, 'base64'));
    expect(isConsistent(before, after, proof)).toBe(true);
    expect((await read(`consistency?from=0`)).body).toMatchObject({ proof: [] });
    expectProblem(await read('consistency?from=9&to=8'), 'validation.failed');
    expectProblem(await read('consistency?to=999999'), 'validation.failed');
  });

  it('[AU-02] has each event once, however many sequence at a time', async () => {
    const other = await TestApp.start({ database: app.database, masterKey: app.masterKey });
    const writing = Array.from({ length: 40 }, () => record(5));
    const sequencing = Array.from({ length: 20 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 3));
      return (i % 2 ? app : other).app.get(Sequencer).run();
    });
    await Promise.all([...writing, ...sequencing]);
    await sequence();
    const { rows } = await app.database.superuser.query(
      `SELECT (SELECT count(*) FROM audit_events) AS events, count(*) AS entries,
              max(log_index) + 1 AS size, (SELECT count(*) FROM audit_pending) AS pending
       FROM audit_entries JOIN audit_events ON id = event_id`,
    );
    const { events, entries, size, pending } = rows[0] as Record<string, string>;
    expect([entries, size, pending]).toEqual([events, events, '0']);
    await other.close();
  });

  it('[AU-02] answers as for every other resource', async () => {
    expectProblem(
      await read('events/00000000-0000-7000-8000-000000000000/proof'),
      'audit.event_not_found',
    );
    const member = await app.member();
    const token = member.accessToken;
    expectProblem(await app.get(`${audit}/checkpoint`, { token }), 'access.denied');
  });

  it.each([
    [
      'a hash was changed',
      `UPDATE audit_tiles SET hashes = set_byte(hashes, 5, 255 - get_byte(hashes, 5)) WHERE level = 0`,
    ],
    ['tiles were removed', `DELETE FROM audit_tiles WHERE level = 0`],
    [
      'its end was cut off',
      `DELETE FROM audit_checkpoints WHERE size = (SELECT max(size) FROM audit_checkpoints)`,
    ],
    [
      'a checkpoint was written over',
      `UPDATE audit_checkpoints SET note = replace(note, E'\\n— ', E'\\n— x')`,
    ],
  ])('[AU-02][F17] is not extended when %s', async (_, sql) => {
    await record(1);
    await sequence();
    await record(1);
    const { superuser } = app.database;
    await superuser.query('CREATE TEMP TABLE kept_tiles AS SELECT * FROM audit_tiles');
    await superuser.query('CREATE TEMP TABLE kept_notes AS SELECT * FROM audit_checkpoints');
    const without = async (...statements: string[]): Promise<void> => {
      await superuser.query('SET session_replication_role = replica'); // no triggers
      for (const statement of statements) await superuser.query(statement);
      await superuser.query('SET session_replication_role = origin');
    };
    await without(sql);
    await expect(sequence()).rejects.toThrow();
    await without(
      'TRUNCATE audit_tiles, audit_checkpoints',
      'INSERT INTO audit_tiles SELECT * FROM kept_tiles',
      'INSERT INTO audit_checkpoints SELECT * FROM kept_notes',
      'DROP TABLE kept_tiles, kept_notes',
    );
    expect(await sequence()).toBeGreaterThan(0);
  });

  it('[AU-02] goes on after a restart with the same key', async () => {
    const key = await verifier();
    const again = await TestApp.start({ database: app.database, masterKey: app.masterKey });
    expect((await again.get(`${audit}/public-key`)).body).toBe(
      (await app.get(`${audit}/public-key`)).body,
    );
    await record(1);
    expect(await again.app.get(Sequencer).run()).toBeGreaterThan(0);
    expect(openCheckpoint((await read('checkpoint')).body, key).size).toBeGreaterThan(300);
    await again.close();
  });

  it('[AU-02][V13.2.2] lets the service itself change nothing that is in it', async () => {
    const { superuser } = app.database;
    for (const statement of [
      'DELETE FROM audit_entries',
      'UPDATE audit_entries SET log_index = log_index + 1',
      'DELETE FROM audit_tiles',
      `UPDATE audit_tiles SET hashes = substring(hashes FOR 32)`,
      'UPDATE audit_checkpoints SET size = 1',
      'DELETE FROM audit_log_keys',
      'SELECT FROM audit_events_rest',
      'DROP FUNCTION audit_add_month',
    ]) {
      await superuser.query('BEGIN');
      await superuser.query('SET LOCAL ROLE gatehouse_service');
      await expect(superuser.query(statement)).rejects.toMatchObject({ code: '42501' });
      await superuser.query('ROLLBACK');
    }
    expect(BrokenLogError).toBeDefined();
  });
});

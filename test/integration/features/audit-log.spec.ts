import { AuditService } from '../../../src/features/audit/index.js';
import {
  AuditFinding,
  AuditVerifier,
  LogKey,
  Sequencer,
} from '../../../src/features/audit-log/index.js';
import { AuditLogRepository } from '../../../src/features/audit-log/audit-log.repository.js';
import { Database } from '../../../src/platform/database/index.js';
import {
  isConsistent,
  leafHash,
  openCheckpoint,
  parseVerifierKey,
  rootFromInclusion,
  signCheckpoint,
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

  it('[AU-05] keeps no address of somebody who is erased while the log takes it up', async () => {
    const gone = await app.member();
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const erasing = app.app.get(Database).transaction(async () => {
      await app.app.get(AuditService).forget([gone.id]);
      begun.resolve();
      await held.promise;
    });
    await begun.promise;
    await sequence();
    held.resolve();
    await erasing;
    await sequence();
    const { rows } = await app.database.superuser.query(
      'SELECT address FROM audit_addresses WHERE subject_id = $1',
      [gone.id],
    );
    expect(rows).toEqual([]);
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

  describe('verified', () => {
    const verify = async (kept?: string) =>
      app.app.get(AuditVerifier).verify({ key: await verifier(), kept });
    const eventAt = (index: number): string =>
      `(SELECT event_id FROM audit_entries WHERE log_index = ${index})`;
    const spoil = `UPDATE audit_tiles SET hashes = overlay(hashes PLACING sha256('x') FROM 1 FOR 32)`;

    it('[AU-02] is what was logged', async () => {
      const kept = (await read('checkpoint')).body as string;
      await record(600);
      await sequence();
      const verified = await verify(kept);
      const { rows } = await app.database.superuser.query('SELECT count(*) FROM audit_events');
      expect(verified).toMatchObject({ size: Number(rows[0].count), pruned: 0, pending: 0 });
    });

    it.each<[string, number | null, string]>([
      [
        'changes an event',
        20,
        `UPDATE audit_events SET leaf = replace(leaf, 'success', 'failure') WHERE id = ${eventAt(20)}`,
      ],
      ['deletes an event', 20, `DELETE FROM audit_events WHERE id = ${eventAt(20)}`],
      [
        'deletes an event and its entry',
        20,
        `DELETE FROM audit_events WHERE id = ${eventAt(20)};
         DELETE FROM audit_entries WHERE log_index = 20`,
      ],
      [
        'puts an event in the place of another',
        21,
        `ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_event_id_key;
         UPDATE audit_entries SET event_id = ${eventAt(20)} WHERE log_index = 21`,
      ],
      [
        'swaps two events',
        20,
        `ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_event_id_key;
         UPDATE audit_entries SET event_id = other.event_id FROM audit_entries AS other
         WHERE audit_entries.log_index IN (20, 21)
           AND other.log_index = 41 - audit_entries.log_index`,
      ],
      [
        'changes an event and its hash',
        null,
        `UPDATE audit_events SET leaf = replace(leaf, 'success', 'failure') WHERE id = ${eventAt(20)};
         UPDATE audit_tiles SET hashes = overlay(hashes PLACING
           (SELECT sha256(decode('00', 'hex') || convert_to(leaf, 'UTF8')) FROM audit_events
            WHERE id = ${eventAt(20)}) FROM 641 FOR 32) WHERE level = 0 AND index = 0`,
      ],
      ['changes an upper level', null, `${spoil} WHERE level = 1`],
      ['cuts the end off', 500, 'DELETE FROM audit_entries WHERE log_index >= 500'],
      [
        'adds an event beside the log',
        null,
        `INSERT INTO audit_events (id, leaf)
         SELECT gen_random_uuid(), leaf FROM audit_events WHERE id = ${eventAt(20)}`,
      ],
      [
        'frees a column from the leaf',
        null,
        'ALTER TABLE audit_events ALTER COLUMN action DROP EXPRESSION',
      ],
      [
        'forges a checkpoint',
        null,
        `UPDATE audit_checkpoints SET note = replace(note, encode(root, 'base64'),
           encode(sha256(root), 'base64'))`,
      ],
    ])('[AU-02][F17] is found out when a superuser %s', async (_, index, sql) => {
      const finding = await tampered(sql, (verifying) => verifying());
      expect(finding).toBeInstanceOf(AuditFinding);
      if (index !== null) expect((finding as AuditFinding).index).toBe(index);
    });

    it('[AU-02][F17] is found out by a checkpoint kept elsewhere when its end was cut off cleanly', async () => {
      const kept = (await read('checkpoint')).body as string;
      const cut = `
        DELETE FROM audit_checkpoints WHERE size = (SELECT max(size) FROM audit_checkpoints);
        DELETE FROM audit_events USING audit_entries WHERE id = event_id
          AND log_index >= (SELECT max(size) FROM audit_checkpoints);
        DELETE FROM audit_entries WHERE log_index >= (SELECT max(size) FROM audit_checkpoints)`;
      expect(await tampered(cut, (verifying) => verifying())).toBeNull(); // nothing here tells
      expect(String(await tampered(cut, (verifying) => verifying(kept)))).toContain('was cut off');
    });

    it('[AU-02][F17] is found out when it was made anew with the key, by a checkpoint kept elsewhere', async () => {
      const kept = (await read('checkpoint')).body as string;
      const { size, root } = openCheckpoint(kept, await verifier());
      const signer = app.app.get(LogKey).signer; // the attacker has master key and database
      const forged = { origin: signer.name, size, root: leafHash(root) };
      const note = signCheckpoint(forged, signer);
      const finding = await tampered(
        `DELETE FROM audit_checkpoints WHERE size < ${size};
         UPDATE audit_checkpoints SET note = '${note}'`,
        (verifying) => verifying(kept),
      );
      expect(finding).toBeInstanceOf(AuditFinding);
    });

    /** What verifying finds after `sql` by a superuser, all of which is undone afterwards. */
    async function tampered(
      sql: string,
      work: (verifying: (kept?: string) => Promise<unknown>) => Promise<unknown>,
    ): Promise<unknown> {
      const key = await verifier();
      const { superuser: client } = app.database;
      try {
        await client.query('BEGIN');
        await client.query('SET LOCAL session_replication_role = replica'); // no triggers
        await client.query(sql);
        const rows = async (text: string, values?: unknown[]): Promise<unknown[]> =>
          (await client.query(text, values)).rows;
        const database = { rows, row: async (...query: [string]) => (await rows(...query))[0] };
        const verifying = new AuditVerifier(new AuditLogRepository(database as never));
        return await work((kept) => verifying.verify({ key, kept })).then(
          () => null,
          (error: unknown) => error,
        );
      } finally {
        await client.query('ROLLBACK');
      }
    }
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
      'DELETE FROM audit_checkpoints',
      'DELETE FROM audit_cosignatures',
      'DELETE FROM audit_log_keys',
      'SELECT FROM audit_events_rest',
      'DROP FUNCTION audit_add_month',
    ]) {
      await superuser.query('BEGIN');
      await superuser.query('SET LOCAL ROLE gatehouse_service');
      await expect(superuser.query(statement)).rejects.toMatchObject({ code: '42501' });
      await superuser.query('ROLLBACK');
    }
  });
});

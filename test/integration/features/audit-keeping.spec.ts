import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { v7 as uuidv7 } from 'uuid';

import { AuditRepository } from '../../../src/features/audit/audit.repository.js';
import { Archiver, HoldsService, Pruner } from '../../../src/features/audit-keeping/index.js';
import {
  AuditFinding,
  AuditVerifier,
  LogKey,
  Sequencer,
  verifyExport,
} from '../../../src/features/audit-log/index.js';
import { OwnerConnection } from '../../../src/platform/database/index.js';
import { leafHash, verifyTlogProof } from '../../../src/platform/transparency-log/index.js';
import { expectProblem } from '../../security/support/problem.js';
import { temporaryFolder } from '../../support/processes.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';

const day = 86_400_000;

describe('How long the audit trail is kept', () => {
  let app: TestApp;
  let auditor: SignedIn;
  let folder: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    app = await TestApp.start({
      env: { AUDIT_RETENTION_DAYS: '1000', AUDIT_RETENTION_BY_CATEGORY: 'access=100' },
    });
    auditor = await app.administrator();
  });
  afterAll(() => app.close());

  const get = <T>(type: abstract new (...args: never[]) => T): T => app.app.get(type);
  const sequence = (): Promise<number> => get(Sequencer).run();
  const prune = (options = {}): Promise<{ events: number; months: string[] }> =>
    OwnerConnection.with(app.database.ownerUrl, (owner) => get(Pruner).prune(owner, options));
  const archive = (age: number) => get(Archiver).archive(new Date(Date.now() - age * day), folder);
  const verify = () => get(AuditVerifier).verify({ key: get(LogKey).verifier });
  const sql = async (text: string): Promise<Record<string, unknown>[]> =>
    (await app.database.superuser.query(text)).rows as Record<string, unknown>[];
  const left = async (ids: readonly string[]): Promise<string[]> => {
    const rows = await sql(`SELECT id FROM audit_events`);
    const all = new Set(rows.map(({ id }) => id));
    return ids.filter((id) => all.has(id));
  };

  /** Events of so many days ago, in the log. */
  async function old(...of: Parameters<typeof add>): Promise<string[]> {
    const ids = await add(...of);
    await sequence();
    return ids;
  }

  async function add(age: number, category: string, count = 1, targetId = 'x'): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, i) =>
      uuidv7({ msecs: Date.now() - age * day + i }),
    );
    const events = ids.map((id) => {
      const leaf = JSON.stringify({
        ...{ action: 'roles.created', category, id, outcome: 'success', payload: {} },
        ...{ actor: { kind: 'system' }, requestId: 'none', target: { id: targetId, kind: 'role' } },
      });
      const address = '192.0.2.7';
      return { id, leaf, leafHash: leafHash(Buffer.from(leaf)), address, subjectId: null };
    });
    await get(AuditRepository).addAll(events);
    return ids;
  }

  async function* lines(folders: readonly string[]) {
    let number = 0;
    for (const each of folders) {
      for (const name of (await readdir(each)).filter((file) => file.endsWith('.gz')).sort()) {
        const text = gunzipSync(await readFile(join(each, name)))
          .toString()
          .trimEnd();
        for (const line of text.split('\n')) yield { number: ++number, text: Buffer.from(line) };
      }
    }
  }

  it('[AU-05] is by category, for what is archived; older proofs hold, and the log verifies', async () => {
    // All before the log is extended: what is written later stands later in it.
    const ancient = await add(1_500, 'configuration', 3);
    const accesses = await add(200, 'access', 3);
    const recent = [...(await add(200, 'configuration')), ...(await add(50, 'access'))];
    await add(150, 'access');
    await add(120, 'configuration', 20);
    await sequence();
    const path = `/api/v1/audit/events/${ancient[1]!}/proof`;
    const { body } = await app.get(path, { token: auditor.accessToken });
    expect(await prune()).toEqual({ events: 0, months: [] }); // nothing is archived
    expect(await archive(170)).toMatchObject({ from: 0, to: 7, files: 1 });
    expect((await prune()).events).toBe(6);
    expect(await left([...ancient, ...accesses, ...recent])).toEqual(recent);
    expect(await sql(`SELECT FROM audit_addresses WHERE event_id = '${ancient[0]!}'`)).toEqual([]);
    expect(await verify()).toMatchObject({ pruned: 6 });
    const leaf = Buffer.from(body.leafB64, 'base64');
    verifyTlogProof(body.tlogProof, leaf, get(LogKey).verifier);
    expectProblem(await app.get(path, { token: auditor.accessToken }), 'audit.event_pruned');
    expect((await prune()).events).toBe(0);
  });

  it('[AU-05] archives are verified without the log, one after the other, and are recorded', async () => {
    const second = await archive(30);
    const folders = (await readdir(folder)).sort().map((name) => join(folder, name));
    expect(folders).toHaveLength(2);
    const checkpoint = await readFile(join(folders[1]!, 'checkpoint'), 'utf8');
    const verified = await verifyExport(lines(folders), checkpoint, get(LogKey).verifier);
    expect(verified).toMatchObject({ whole: true, entries: second!.to, newer: 0 });
    const manifest = JSON.parse(await readFile(join(folders[1]!, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ from: second!.from, to: second!.to, checkpoint });
    const events = await app.audit('audit.archived');
    expect(events.at(-1)).toMatchObject({
      payload: { from: second!.from, to: second!.to, files: 1 },
    });
    expect(await archive(30)).toBeNull();
    expect((await prune()).events).toBe(1); // of 150 days ago
  });

  it('[AU-05][F02] an archive is not made over what is there, and leaves nothing by half', async () => {
    await old(20, 'configuration');
    const { rows } = await app.database.superuser.query(
      'SELECT max(end_index) FROM audit_archives',
    );
    const draft = join(folder, `audit-${String(rows[0].max).padStart(12, '0')}.partial`);
    await mkdir(draft);
    await expect(archive(10)).rejects.toThrow('exists');
    expect(await readdir(draft)).toEqual([]);
    await writeFile(join(folder, 'file'), '');
    await expect(get(Archiver).archive(new Date(), join(folder, 'file'))).rejects.toThrow();
  });

  it('[AU-05][F17] an archive is not made of a log that is not what was signed', async () => {
    const [id] = await old(19, 'configuration');
    const elsewhere = join(folder, 'elsewhere');
    const { superuser } = app.database;
    await superuser.query('SET session_replication_role = replica'); // no triggers
    const kept = await sql(`DELETE FROM audit_events WHERE id = '${id!}' RETURNING leaf`);
    const archiving = get(Archiver).archive(new Date(), elsewhere);
    await expect(archiving).rejects.toThrow('was deleted');
    const changed = String(kept[0]!['leaf']).replace('success', 'failure');
    await superuser.query(`INSERT INTO audit_events (id, leaf) VALUES ($1, $2)`, [id, changed]);
    await expect(get(Archiver).archive(new Date(), elsewhere)).rejects.toThrow(
      'not what was signed',
    );
    await superuser.query(`UPDATE audit_events SET leaf = $2 WHERE id = $1`, [
      id,
      kept[0]!['leaf'],
    ]);
    await superuser.query('SET session_replication_role = origin');
    expect(await readdir(elsewhere)).toEqual([]);
    await verify();
  });

  it('[AU-05] a legal hold keeps what a user did, a category or a time; each change is recorded', async () => {
    const user = 'a3bb189e-8bf9-4c8e-9c3a-9d2f1a5b7c11';
    const held = await old(1_400, 'account', 2, user);
    const other = await old(1_400, 'account');
    const inTime = await old(1_200, 'account');
    const inCategory = await old(1_300, 'authentication');
    const none = { userId: null, category: null, from: null, to: null, reason: 'case 7' };
    const holds = [
      await get(HoldsService).add({ ...none, userId: user }),
      await get(HoldsService).add({ ...none, category: 'authentication' }),
      await get(HoldsService).add({
        ...none,
        from: new Date(Date.now() - 1_201 * day),
        to: new Date(Date.now() - 1_199 * day),
      }),
    ];
    const all = [...held, ...other, ...inTime, ...inCategory];
    expect((await prune({ withoutArchive: true })).events).toBe(1);
    expect(await left(all)).toEqual([...held, ...inTime, ...inCategory]);
    expect((await get(HoldsService).list()).map(({ id }) => id)).toEqual(holds);
    for (const id of holds) expect(await get(HoldsService).remove(id, 'closed')).toBe(true);
    expect(await get(HoldsService).remove(holds[0]!, 'closed')).toBe(false);
    expect((await prune({ withoutArchive: true })).events).toBe(4);
    expect(await left(all)).toEqual([]);
    expect(await app.audit('audit.hold_added')).toHaveLength(3);
    expect(await app.audit('audit.hold_removed')).toHaveLength(3);
    expect(await verify()).toMatchObject({ pruned: 12 });
  });

  it('[AU-05] an empty month is dropped, and one with events stays', async () => {
    await sql(`SELECT audit_add_month('2019-02-03'), audit_add_month('2019-03-03')`);
    const age = (Date.now() - Date.parse('2019-03-05')) / day;
    const [id] = await old(age, 'configuration');
    const hold = await get(HoldsService).add({
      ...{ userId: null, category: null, from: null, reason: 'case 8' },
      to: new Date('2020-01-01'),
    });
    expect((await prune({ withoutArchive: true })).months).toEqual(['audit_events_2019_02']);
    expect(await left([id!])).toEqual([id]);
    await get(HoldsService).remove(hold, 'closed');
    expect((await prune({ withoutArchive: true })).months).toEqual(['audit_events_2019_03']);
    await verify();
  });

  it.each([
    ['nothing says it', ''],
    [
      'only the table says it',
      `INSERT INTO audit_prunings SELECT log_index, log_index, event_id FROM audit_entries
       WHERE event_id = 'ID'`,
    ],
    [
      'an event is named that speaks of others',
      `INSERT INTO audit_prunings SELECT log_index, log_index,
         (SELECT max(id::text)::uuid FROM audit_events WHERE action = 'audit.pruned')
       FROM audit_entries WHERE event_id = 'ID'`,
    ],
  ])('[AU-05][F17] what a superuser deletes is found, when %s', async (_, also) => {
    const [id = ''] = await old(10, 'configuration');
    const { superuser } = app.database;
    const [{ leaf } = {}] = await sql(`SELECT leaf FROM audit_events WHERE id = '${id}'`);
    await superuser.query(`BEGIN; SET LOCAL gatehouse.audit_prune = 'on';
      DELETE FROM audit_events WHERE id = '${id}'; ${also.replace('ID', id)}; COMMIT`);
    await expect(verify()).rejects.toThrow(AuditFinding);
    await superuser.query(`INSERT INTO audit_events (id, leaf) VALUES ($1, $2)`, [id, leaf]);
    await verify();
  });

  it('[AU-05][V13.2.2] the service itself can remove nothing, nor what was recorded of it', async () => {
    const { superuser } = app.database;
    for (const statement of [
      'DELETE FROM audit_events',
      'DELETE FROM audit_prunings',
      'UPDATE audit_archives SET end_index = 1000000',
      'UPDATE audit_cosignatures SET size = 1',
    ]) {
      await superuser.query('BEGIN');
      await superuser.query(`SET LOCAL gatehouse.audit_prune = 'on'`);
      await superuser.query('SET LOCAL ROLE gatehouse_service');
      await expect(superuser.query(statement)).rejects.toMatchObject({ code: '42501' });
      await superuser.query('ROLLBACK');
    }
  });
});

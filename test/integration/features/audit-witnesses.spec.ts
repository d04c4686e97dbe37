import { randomBytes } from 'node:crypto';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AuditService } from '../../../src/features/audit/index.js';
import { BrokenLogError, LogKey, Sequencer } from '../../../src/features/audit-log/index.js';
import { CheckpointPublisher } from '../../../src/features/audit-witnesses/index.js';
import { HealthService } from '../../../src/features/health/index.js';
import {
  isBy,
  openCheckpoint,
  parseNote,
  parseVerifierKey,
  signCheckpoint,
  verifierOf,
  verifyTlogProof,
} from '../../../src/platform/transparency-log/index.js';
import { temporaryFolder } from '../../support/processes.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';
import { WitnessServer } from '../../support/witness-server.js';

describe('Witnesses of the audit log', () => {
  let app: TestApp;
  let env: Record<string, string>;
  let auditor: SignedIn;
  let file: string;
  const witnesses: WitnessServer[] = [];

  beforeAll(async () => {
    file = join(await temporaryFolder(), 'checkpoints');
    for (const name of ['one.example/w', 'two.example/w']) {
      witnesses.push(await WitnessServer.start(name, randomBytes(32)));
    }
    env = {
      OUTGOING_NETWORKS: '127.0.0.1',
      AUDIT_CHECKPOINT_FILE: file,
      AUDIT_WITNESSES: witnesses.map(({ setting }) => setting).join(', '),
    };
    app = await TestApp.start({ env });
    for (const witness of witnesses) witness.log = app.app.get(LogKey).verifier;
    auditor = await app.administrator();
  });
  afterAll(async () => {
    await app.close();
    for (const witness of witnesses) await witness.stop();
  });

  const grow = async (events: number): Promise<void> => {
    for (let i = 0; i < events; i++) {
      await app.app.get(AuditService).record('audit.hold_removed', { reason: 'a test' });
    }
    await app.app.get(Sequencer).run();
  };
  const publish = (): Promise<void> => app.app.get(CheckpointPublisher).publish();
  const checkpoint = async (): Promise<string> =>
    (await app.get('/api/v1/audit/checkpoint', { token: auditor.accessToken })).body as string;
  const cosigners = (note: string): string[] => {
    const { text, signatures } = parseNote(note);
    const keys = witnesses.map(({ key }) => parseVerifierKey(key));
    return signatures.flatMap((signature) => {
      const key = verifierOf(signature, keys);
      return key && isBy(key, text, signature) ? [key.name] : [];
    });
  };
  const health = async (of = app): Promise<string> => {
    of.app.get(HealthService)['last'] = undefined as never; // a second old at most
    const { components } = await of.app.get(HealthService).report();
    return components.find(({ name }) => name === 'audit-log')!.status;
  };

  it('[AU-02] cosign what extends the log they have seen, and the file has it', async () => {
    const [one, two] = witnesses as [WitnessServer, WitnessServer];
    await grow(3);
    await publish();
    await grow(300);
    await publish();
    const note = await checkpoint();
    const { size } = openCheckpoint(note, app.app.get(LogKey).verifier);
    expect(cosigners(note)).toEqual(['one.example/w', 'two.example/w']);
    expect([one.seen.size, two.seen.size]).toEqual([size, size]);
    expect((await readFile(file, 'utf8')).match(/^— /gm)).toHaveLength(2);
    const asked = one.requests;
    await publish(); // nothing new
    expect(one.requests).toBe(asked);
    expect((await readFile(file, 'utf8')).match(/^— /gm)).toHaveLength(2);
  });

  it('[AU-02] are in the proofs, also when there is a newer checkpoint', async () => {
    const [event] = await app.audit('audit.hold_removed');
    await grow(1);
    expect(cosigners(await checkpoint())).toEqual([]);
    const path = `/api/v1/audit/events/${event!['id'] as string}/proof`;
    const { body } = await app.get(path, { token: auditor.accessToken });
    expect(cosigners(body.checkpoint)).toHaveLength(2);
    const leaf = Buffer.from(body.leafB64, 'base64');
    verifyTlogProof(body.tlogProof, leaf, app.app.get(LogKey).verifier);
  });

  it('[AU-02] are told the size that they name when it is not the one that was expected', async () => {
    await app.database.superuser.query('DELETE FROM audit_cosignatures');
    await publish(); // both are asked from 0, and answer 409
    expect(cosigners(await checkpoint())).toHaveLength(2);
  });

  it.each(['forbids', 'signs-other', 'garbage'] as const)(
    '[AU-02][F17] are not believed, and the other is, when one %s',
    async (manner) => {
      witnesses[0]!.manner = manner;
      await grow(1);
      await publish();
      expect(cosigners(await checkpoint())).toEqual(['two.example/w']);
      const { rows } = await app.database.superuser.query(
        `SELECT count(*) FILTER (WHERE witness LIKE 'one%') AS of_one FROM audit_cosignatures
         WHERE size = (SELECT max(size) FROM audit_checkpoints)`,
      );
      expect(rows).toEqual([{ of_one: '0' }]);
      witnesses[0]!.manner = 'honest';
    },
  );

  it('[AU-02][F05] that hang keep neither the log nor the other from going on', async () => {
    witnesses[0]!.manner = 'hangs';
    await grow(1);
    const publishing = publish();
    for (let i = 0; i < 100 && cosigners(await checkpoint()).length === 0; i++) {
      await new Promise((done) => setTimeout(done, 50));
    }
    expect(cosigners(await checkpoint())).toEqual(['two.example/w']);
    await grow(1);
    await witnesses[0]!.stop(); // so that nobody waits for ten seconds
    await publishing;
    expect(await health()).toBe('healthy');
  });

  it('[AU-02][F17] raise an alarm when they have seen more, as after a rollback', async () => {
    witnesses[1]!.seen = { ...witnesses[1]!.seen, size: 1_000_000 };
    await grow(1);
    await publish();
    expect(await health()).toBe('degraded');
    const fault = app.app.get(CheckpointPublisher).fault;
    expect(fault).toMatch(/two.example\/w has seen 1000000 entries/);
  });

  describe('and the file, at the next start', () => {
    const restarted = async (work: (again: TestApp) => Promise<void>): Promise<void> => {
      const again = await TestApp.start({
        env: { AUDIT_CHECKPOINT_FILE: file },
        database: app.database,
        masterKey: app.masterKey,
      });
      await work(again).finally(() => again.close());
    };

    it('[AU-02] let a log go on that extends them, whatever a crash left at the end', async () => {
      await appendFile(file, 'log.example/audit\n99');
      await restarted(async (again) => {
        expect(await health(again)).toBe('healthy');
        await again.app.get(AuditService).record('audit.hold_removed', { reason: 'a test' });
        expect(await again.app.get(Sequencer).run()).toBeGreaterThan(0);
        await again.app.get(CheckpointPublisher).publish();
      });
      const text = await readFile(file, 'utf8');
      const newest = text.trimEnd().split('\n\n').slice(-2).join('\n\n');
      const { size } = openCheckpoint(`${newest}\n`, app.app.get(LogKey).verifier);
      const { rows } = await app.database.superuser.query('SELECT count(*) FROM audit_entries');
      expect(String(size)).toBe(rows[0].count);
    });

    it.each<[string, (size: number, root: Buffer) => [number, Buffer], RegExp]>([
      ['was cut off', (size, root) => [size + 1, root], /entries elsewhere and has/],
      ['was made anew', (size) => [size, randomBytes(32)], /not those kept elsewhere/],
    ])('[AU-02][F17] stop a log that %s', async (_, forge, message) => {
      const kept = await readFile(file, 'utf8');
      const signer = app.app.get(LogKey).signer;
      const { size, root } = openCheckpoint(await checkpoint(), app.app.get(LogKey).verifier);
      const [forgedSize, forgedRoot] = forge(size, root);
      const note = { origin: signer.name, size: forgedSize, root: forgedRoot };
      await writeFile(file, `${signCheckpoint(note, signer)}\n`);
      await restarted(async (again) => {
        await again.app.get(AuditService).record('audit.hold_removed', { reason: 'a test' });
        await expect(again.app.get(Sequencer).run()).rejects.toThrow(BrokenLogError);
        await expect(again.app.get(Sequencer).run()).rejects.toThrow(message);
        expect(await health(again)).toBe('degraded');
        expect((await again.get('/health/ready')).status).toBe(200); // it goes on serving
        await again.app.get(CheckpointPublisher).publish();
      });
      expect((await readFile(file, 'utf8')).match(/^— /gm)).toHaveLength(1); // nothing was added
      await writeFile(file, kept);
    });

    it('[AU-02][F17] stop a log that is another one', async () => {
      const kept = await readFile(file, 'utf8');
      await writeFile(file, kept.replace(/^(— \S+ .)./gm, '$1B'));
      await restarted(async (again) => {
        await again.app.get(AuditService).record('audit.hold_removed', { reason: 'a test' });
        await expect(again.app.get(Sequencer).run()).rejects.toThrow("is not this log's");
      });
      await rm(file);
    });
  });
});

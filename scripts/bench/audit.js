/**
 * `npm run bench:audit`: what the audit log costs those who write, and how fast it is sequenced and
 * verified. Prints the table of docs/performance.md.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import pg from 'pg';

import { startDatabase } from './servers.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    events: { type: 'string', default: '200000' },
  },
});
const writers = 32;
const dist = join(import.meta.dirname, '..', '..', 'dist');
const database = await startDatabase();
Object.assign(process.env, {
  NODE_ENV: 'production',
  PUBLIC_URL: 'http://127.0.0.1:3000',
  DATA_DIR: database.dataDir,
  DATABASE_URL: database.serviceUrl,
  MIGRATION_DATABASE_URL: database.ownerUrl,
  MASTER_KEY: randomBytes(32).toString('base64'),
  DATABASE_POOL_MAX: String(writers),
});
try {
  const { withApplication } = await import(join(dist, 'cli', 'installation.js'));
  await withApplication(bench);
} finally {
  await database.stop();
}

async function bench(app) {
  const { AuditService } = await import(join(dist, 'features', 'audit', 'index.js'));
  const { Database } = await import(join(dist, 'platform', 'database', 'index.js'));
  const log = await import(join(dist, 'features', 'audit-log', 'index.js'));
  const audit = app.get(AuditService);
  const sequencer = app.get(log.Sequencer);
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const ratios = [];
  const plain = await plainWriter(owner, app.get(Database));
  for (let round = 0; round <= Number(options.rounds); round++) {
    const rates = [];
    for (const write of round % 2 ? [plain, logged] : [logged, plain]) {
      rates.push([write, await rate(write)]);
    }
    const [ours, theirs] = [logged, plain].map(
      (write) => rates.find(([each]) => each === write)[1],
    );
    process.stderr.write(`append: round ${round}: ${ours.toFixed(0)} and ${theirs.toFixed(0)}/s\n`);
    if (round > 0) ratios.push([ours / theirs, ours, theirs]); // the first warms up
    await sequencer.run();
  }
  ratios.sort(([one], [other]) => one - other);
  const [ratio, ours, theirs] = ratios[Math.floor(ratios.length / 2)];

  const total = Number(options.events);
  for (let done = 0; done < total; done += 10_000) {
    await audit.recordAll('users.erased', Array.from({ length: 10_000 }, event));
  }
  const [sequenced, sequencing] = await timed(() => sequencer.run());
  const [verified, verifying] = await timed(() =>
    app.get(log.AuditVerifier).verify({ key: app.get(log.LogKey).verifier }),
  );
  await owner.end();
  console.log(`| Audit log | figure | |
| --- | --: | --- |
| Append, ${writers} writers | ${ours.toFixed(0)}/s | **${ratio.toFixed(2)}** of a plain insert (${theirs.toFixed(0)}/s) |
| Sequence | ${(sequenced / sequencing).toFixed(0)}/s | ${sequenced} events |
| Verify online | ${(verified.size / verifying).toFixed(0)}/s | ${verified.size} events |`);

  function event() {
    return { payload: {}, target: { kind: 'user', id: '01a1fcdd-7b82-73fb-b4c6-35ff431adb3f' } };
  }

  async function logged() {
    const { payload, target } = event();
    await audit.record('users.erased', payload, { target });
  }
}

/** Commits a second, by as many writers at once. */
async function rate(write) {
  const until = performance.now() + Number(options.seconds) * 1000;
  let written = 0;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (performance.now() < until) {
        await write();
        written++;
      }
    }),
  );
  return written / ((performance.now() - begun) / 1000);
}

/** The same row with the same indexes through the same pool in a table that is no log. */
async function plainWriter(owner, through) {
  await owner.query(`
    CREATE TABLE plain_events (id uuid PRIMARY KEY, leaf text NOT NULL, action text NOT NULL,
      actor_id uuid, api_key_id uuid, target_id text, request_id text NOT NULL)`);
  for (const column of ['actor_id', 'target_id', 'action', 'request_id']) {
    await owner.query(`CREATE INDEX ON plain_events (${column}, id)`);
  }
  const { v7 } = await import('uuid');
  return async () => {
    const id = v7();
    const target = '01a1fcdd-7b82-73fb-b4c6-35ff431adb3f';
    const leaf = JSON.stringify({
      id,
      action: 'users.erased',
      category: 'account',
      outcome: 'success',
      actor: { kind: 'operator' },
      target: { kind: 'user', id: target },
      time: new Date().toISOString(),
      requestId: 'command-line',
      payload: {},
    });
    await through.rows(
      `INSERT INTO plain_events (id, leaf, action, target_id, request_id)
       VALUES ($1, $2, 'users.erased', $3, 'command-line')`,
      [id, leaf, target],
    );
  };
}

async function timed(work) {
  const begun = performance.now();
  const result = await work();
  return [result, (performance.now() - begun) / 1000];
}

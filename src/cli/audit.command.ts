import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { type Command, InvalidArgumentError } from 'commander';

import {
  AuditFinding,
  AuditVerifier,
  LogKey,
  Sequencer,
  verifyExport,
} from '../features/audit-log/index.js';
import {
  NoteError,
  type NoteVerifier,
  parseVerifierKey,
} from '../platform/transparency-log/index.js';
import { addAuditKeeping } from './audit-keeping.command.js';
import { say, withApplication } from './installation.js';
import { linesOf } from './lines.js';

interface VerifyOptions {
  export?: string;
  checkpoint?: string;
  key?: NoteVerifier;
}

/** An entry with its proof. */
const longestLine = 1024 * 1024;

/** `audit verify`, and what keeps the trail */
export function addAudit(program: Command): void {
  const audit = program.command('audit').description('the audit trail');
  audit
    .command('verify')
    .description('recompute the log and name the first entry that is not what was logged')
    .option('--checkpoint <file>', 'a checkpoint that was kept elsewhere: the log must extend it')
    .option('--key <key>', "the log's public key, as GET /api/v1/audit/public-key told it", keyOf)
    .option('--export <file>', 'verify this export instead, without any database (- for stdin)')
    .action((options: VerifyOptions) => verify(options));
  addAuditKeeping(audit);
}

async function verify(options: VerifyOptions): Promise<void> {
  try {
    await (options.export === undefined ? verifyLog(options) : verifyFile(options));
  } catch (error) {
    if (!(error instanceof AuditFinding || error instanceof NoteError)) throw error;
    const at = error instanceof AuditFinding && error.index !== null;
    process.stderr.write(`NOT VERIFIED${at ? ` at entry ${error.index}` : ''}: ${error.message}\n`);
    process.exitCode = 1;
  }
}

async function verifyLog({ checkpoint, key }: VerifyOptions): Promise<void> {
  const kept = checkpoint === undefined ? undefined : await readFile(checkpoint, 'utf8');
  await withApplication(async (app) => {
    await app.get(Sequencer).run();
    const { size, root, pruned, pending } = await app.get(AuditVerifier).verify({
      key: key ?? app.get(LogKey).verifier,
      kept,
      progress: tell(),
    });
    say(`Verified: ${size} entries, root ${root.toString('base64')}`);
    if (pruned > 0) say(`${pruned} of them are removed after their time; their hashes hold`);
    if (pending > 0) say(`${pending} events of the last second are not in the log yet`);
    if (kept === undefined) {
      say('A checkpoint kept elsewhere (--checkpoint) would also show that no end was cut off.');
    }
  });
}

async function verifyFile(options: VerifyOptions): Promise<void> {
  const { export: file, checkpoint, key } = options;
  if (!checkpoint || !key) {
    throw new NoteError('an export is verified against --checkpoint and --key');
  }
  const input = file === '-' ? process.stdin : createReadStream(file!);
  const note = await readFile(checkpoint, 'utf8');
  const { entries, size, whole, newer } = await verifyExport(
    linesOf(input, longestLine),
    note,
    key,
  );
  say(`Verified: ${entries - newer} of ${size} entries of ${key.name}`);
  if (whole) say('They are the whole log up to the checkpoint: nothing was left out.');
  else say('Each of them was logged; the export does not show what else was.');
  if (newer > 0) say(`${newer} entries are newer than the checkpoint, which cannot prove them.`);
}

/** On stderr, about once a second. */
function tell(): (done: number, size: number) => void {
  let saidAt = performance.now();
  return (done, size) => {
    if (performance.now() - saidAt < 1_000) return;
    saidAt = performance.now();
    process.stderr.write(`${done} of ${size} entries\n`);
  };
}

function keyOf(text: string): NoteVerifier {
  try {
    return parseVerifierKey(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

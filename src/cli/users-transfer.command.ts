import { createReadStream, createWriteStream } from 'node:fs';
import { type EventEmitter, once } from 'node:events';
import { finished } from 'node:stream/promises';

import type { Command } from 'commander';

import {
  type LineOutcome,
  UsersExportService,
  UsersImportService,
} from '../features/users/index.js';
import { say, withApplication } from './installation.js';
import { linesOf } from './lines.js';
import { Progress } from './progress.js';

const longestLine = 16 * 1024;

/** `users import`, `users export` */
export function addTransfer(users: Command): void {
  users
    .command('import')
    .description('take users over from NDJSON, one object a line; see docs/guides/import-users.md')
    .argument('<file>', 'the file, or - for standard input')
    .action((file: string) => importUsers(file));
  users
    .command('export')
    .description('write all users as NDJSON, in the form that import reads')
    .argument('<file>', 'the file, made for its owner only, or - for standard output')
    .option('--with-password-hashes', 'add password hashes, for moving to another installation')
    .action((file: string, options: { withPasswordHashes?: boolean }) =>
      exportUsers(file, options.withPasswordHashes ?? false),
    );
}

async function importUsers(file: string): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  if (file !== '-') await once(input, 'open'); // a file that is not there: before anything starts
  const counts: Record<LineOutcome['outcome'], number> = { imported: 0, present: 0, refused: 0 };
  const progress = new Progress('lines');
  await withApplication(async (app) => {
    const batches = app.get(UsersImportService).import(linesOf(input, longestLine));
    for await (const batch of batches) {
      for (const outcome of batch) {
        counts[outcome.outcome]++;
        if (outcome.outcome === 'refused') say(`line ${outcome.line}: ${outcome.problem}`);
      }
      progress.add(batch.length);
    }
  });
  progress.end();
  say(`${counts.imported} imported, ${counts.present} present, ${counts.refused} refused`);
  if (counts.refused > 0) process.exitCode = 1;
}

async function exportUsers(file: string, withHashes: boolean): Promise<void> {
  const output =
    file === '-' ? process.stdout : createWriteStream(file, { flags: 'wx', mode: 0o600 });
  if (file !== '-' && !(await opens(output, file))) return; // before anything starts
  const progress = new Progress('users');
  await withApplication(async (app) => {
    for await (const page of app.get(UsersExportService).export(withHashes)) {
      const text = page.map((user) => `${JSON.stringify(user)}\n`).join('');
      if (!output.write(text)) await once(output, 'drain');
      progress.add(page.length);
    }
  });
  if (file !== '-') await finished(output.end());
  progress.end();
}

/** Says why a file cannot be made: because it is there, for one. */
async function opens(output: EventEmitter, file: string): Promise<boolean> {
  try {
    await once(output, 'open');
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : code;
    process.stderr.write(`${file} cannot be made: ${why}\n`);
    process.exitCode = 1;
    return false;
  }
}

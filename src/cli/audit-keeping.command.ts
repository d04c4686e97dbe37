import { type Command, InvalidArgumentError } from 'commander';

import { auditEvents } from '../catalogue/audit-events.js';
import { ArchiveError, Archiver, HoldsService, Pruner } from '../features/audit-keeping/index.js';
import { OwnerConnection } from '../platform/database/index.js';
import { say, withApplication } from './installation.js';

interface HoldOptions {
  user?: string;
  category?: string;
  from?: Date;
  to?: Date;
  reason: string;
}

/** `audit archive`, `audit prune`, `audit hold` */
export function addAuditKeeping(audit: Command): void {
  audit
    .command('archive')
    .description(
      'write entries that are older than a date to files, from where the last archive ended',
    )
    .requiredOption('--before <date>', 'a day (UTC) or a time, as 2026-01-31', dateOf)
    .requiredOption('--to <folder>', 'where the folder of the archive is made')
    .action((options: { before: Date; to: string }) => archive(options));
  audit
    .command('prune')
    .description('remove events whose time is over; the log keeps their hashes, and says which')
    .option('--without-archive', 'also those that are in no archive')
    .action((options: { withoutArchive?: boolean }) => prune(options));
  addHolds(audit.command('hold').description('events that are not pruned, however old'));
}

function addHolds(hold: Command): void {
  hold
    .command('add')
    .description('hold the events that all of the options given speak of')
    .option('--user <id>', 'what this user did, and what was done to them', userOf)
    .option('--category <category>', `one of ${categories().join(', ')}`, categoryOf)
    .option('--from <date>', 'events of this day (UTC) or time, and later', dateOf)
    .option('--to <date>', 'events before this day (UTC) or time', dateOf)
    .requiredOption('--reason <text>', 'why; it stands in the audit trail')
    .action((options: HoldOptions) => addHold(options));
  hold
    .command('list')
    .description('list the holds, oldest first')
    .action(() => withApplication((app) => listHolds(app.get(HoldsService))));
  hold
    .command('remove')
    .argument('<id>', 'id of the hold, as `audit hold list` shows it', userOf)
    .requiredOption('--reason <text>', 'why; it stands in the audit trail')
    .action((id: string, { reason }: { reason: string }) => removeHold(id, reason));
}

async function archive({ before, to }: { before: Date; to: string }): Promise<void> {
  await withApplication(async (app) => {
    try {
      const archived = await app.get(Archiver).archive(before, to);
      if (archived) say(`${archived.folder}: entries ${archived.from} to ${archived.to - 1}`);
      else say('Nothing is older that is not archived already.');
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    }
  });
}

async function prune(options: { withoutArchive?: boolean }): Promise<void> {
  await withApplication((app, ownerUrl) =>
    OwnerConnection.with(ownerUrl, async (owner) => {
      const { events, months } = await app.get(Pruner).prune(owner, options);
      say(`${events} events are removed; their hashes stay in the log`);
      for (const name of months) say(`${name} was empty and is dropped`);
    }),
  );
}

async function addHold(options: HoldOptions): Promise<void> {
  const { user, category, from, to, reason } = options;
  if (!(user ?? category ?? from ?? to)) {
    process.stderr.write('A hold needs --user, --category, --from or --to\n');
    process.exitCode = 1;
    return;
  }
  await withApplication(async (app) => {
    const id = await app.get(HoldsService).add({
      userId: user ?? null,
      category: category ?? null,
      from: from ?? null,
      to: to ?? null,
      reason,
    });
    say(`hold ${id} is in place`);
  });
}

async function listHolds(holds: HoldsService): Promise<void> {
  for (const { id, userId, category, from, to, reason } of await holds.list()) {
    const what = [
      userId && `user ${userId}`,
      category && `category ${category}`,
      from && `from ${from.toISOString()}`,
      to && `before ${to.toISOString()}`,
    ];
    say(`${id}  ${what.filter(Boolean).join(', ')}: ${reason}`);
  }
}

async function removeHold(id: string, reason: string): Promise<void> {
  await withApplication(async (app) => {
    if (await app.get(HoldsService).remove(id, reason)) say(`hold ${id} is over`);
    else {
      process.stderr.write(`There is no hold ${id}: npm run cli -- audit hold list\n`);
      process.exitCode = 1;
    }
  });
}

function categories(): string[] {
  return [...new Set(Object.values(auditEvents).map(({ category }) => category))].sort();
}

function categoryOf(text: string): string {
  if (categories().includes(text)) return text;
  throw new InvalidArgumentError(`must be one of ${categories().join(', ')}`);
}

function dateOf(text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\d(T.*Z)?$/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('must be a date as 2026-01-31, or a time as 2026-01-31T12:00:00Z');
}

function userOf(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text;
  throw new InvalidArgumentError('must be an id (UUID)');
}

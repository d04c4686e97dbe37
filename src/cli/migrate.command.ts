import type { Command } from 'commander';

import { migrate, migrationStatus, revertLast } from '../platform/database/index.js';
import { say, withDatabase } from './installation.js';

/** `migrate`, `migrate status`, `migrate down` */
export function addMigrate(program: Command): void {
  const schema = program.command('migrate').description('bring the database schema up to date');
  schema.action(() => withDatabase(({ ownerUrl }) => bringUpToDate(ownerUrl)));
  schema
    .command('status')
    .description('list applied and pending migrations')
    .action(() => withDatabase(({ ownerUrl }) => showStatus(ownerUrl)));
  schema
    .command('down')
    .description('revert the newest migration; its data is lost')
    .action(() => withDatabase(({ ownerUrl }) => revert(ownerUrl)));
}

async function bringUpToDate(ownerUrl: string): Promise<void> {
  const applied = await migrate(ownerUrl);
  for (const name of applied) say(`applied  ${name}`);
  say(applied.length === 0 ? 'The schema is current.' : `${applied.length} migrations applied.`);
}

async function showStatus(ownerUrl: string): Promise<void> {
  const { applied, pending } = await migrationStatus(ownerUrl);
  for (const name of applied) say(`applied  ${name}`);
  for (const name of pending) say(`pending  ${name}`);
}

async function revert(ownerUrl: string): Promise<void> {
  const reverted = await revertLast(ownerUrl);
  say(reverted ? `reverted ${reverted}` : 'There is nothing to revert.');
}

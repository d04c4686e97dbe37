import { text as readAll } from 'node:stream/consumers';

import type { Command } from 'commander';

import { AccountsService } from '../features/users/index.js';
import { environment } from '../platform/config/environment.js';
import { say, withApplication } from './installation.js';
import { addTransfer } from './users-transfer.command.js';

interface NewAdministrator {
  email: string;
  username: string;
}

/** `users create-admin` */
export function addUsers(program: Command): void {
  const users = program.command('users').description('accounts');
  users
    .command('create-admin')
    .description('make an administrator; the password comes from ADMIN_PASSWORD or standard input')
    .requiredOption('--email <address>', 'email address, taken as verified')
    .requiredOption('--username <name>', 'username')
    .action((options: NewAdministrator) => createAdministrator(options));
  addTransfer(users);
}

async function createAdministrator({ email, username }: NewAdministrator): Promise<void> {
  const password = environment()['ADMIN_PASSWORD'] ?? (await passwordFromInput());
  await withApplication(async (app) => {
    const user = await app.get(AccountsService).createAdministrator({ email, username, password });
    say(`${user.username} <${user.email}> is an administrator`);
  });
}

async function passwordFromInput(): Promise<string> {
  if (process.stdin.isTTY) say('Type the password and end with Ctrl-D:');
  return (await readAll(process.stdin)).replace(/\r?\n$/, '');
}

import { text as readAll } from 'node:stream/consumers';

import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';

import { MfaService } from '../features/mfa/index.js';
import { SessionsService } from '../features/sessions/index.js';
import { AccountsService, UsersService } from '../features/users/index.js';
import { environment } from '../platform/config/environment.js';
import { AppError } from '../platform/errors/app-error.js';
import { say, withApplication } from './installation.js';
import { addTransfer } from './users-transfer.command.js';

interface NewAdministrator {
  email: string;
  username: string;
}

/** `users create-admin | disable | reset-mfa | sessions | import | export` */
export function addUsers(program: Command): void {
  const users = program.command('users').description('accounts');
  users
    .command('create-admin')
    .description('make an administrator; the password comes from ADMIN_PASSWORD or standard input')
    .requiredOption('--email <address>', 'email address, taken as verified')
    .requiredOption('--username <name>', 'username')
    .action((options: NewAdministrator) => createAdministrator(options));
  users
    .command('disable')
    .description('disable an account; all its sessions and API keys stop working at once')
    .argument('<user>', 'email or username')
    .action((user: string) => disable(user));
  users
    .command('reset-mfa')
    .description('take the second factor away from somebody who lost it; ends all their sessions')
    .argument('<user>', 'email or username')
    .action((user: string) => resetSecondFactor(user));
  users
    .command('sessions')
    .description('list the sessions of a user, newest first')
    .argument('<user>', 'email or username')
    .option('--end', 'end them all')
    .action((user: string, { end = false }: { end?: boolean }) => showSessions(user, end));
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

async function disable(identifier: string): Promise<void> {
  await withApplication(async (app) => {
    const user = await app.get(UsersService).disable(identifier);
    say(`${user.username} <${user.email}> is disabled`);
  });
}

async function resetSecondFactor(identifier: string): Promise<void> {
  await withApplication(async (app) => {
    const passwordStays = await app.get(MfaService).reset(await idOf(app, identifier));
    say(
      passwordStays
        ? `${identifier} signs in with the password alone`
        : `The password of ${identifier} was too short to stand alone and is gone: "forgotten password" sets a new one`,
    );
  });
}

async function showSessions(identifier: string, end: boolean): Promise<void> {
  await withApplication(async (app) => {
    const sessions = app.get(SessionsService);
    const userId = await idOf(app, identifier);
    for (const { id, lastUsedAt, address, userAgent } of await sessions.listOf(userId)) {
      say([id, lastUsedAt.toISOString(), address ?? '-', userAgent ?? '-'].join('  '));
    }
    if (end) say(`${await sessions.endEverywhere(userId)} sessions ended`);
  });
}

async function idOf(app: INestApplicationContext, identifier: string): Promise<string> {
  const found = await app.get(AccountsService).findCredentials(identifier);
  if (!found) throw new AppError('users.not_found', { detail: `nobody is called ${identifier}` });
  return found.id;
}

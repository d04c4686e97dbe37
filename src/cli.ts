import { text as readAll } from 'node:stream/consumers';

import { Command } from 'commander';

import { createApp } from './app.js';
import { AccountsService } from './features/users/index.js';
import { type Config, loadConfig } from './platform/config/index.js';
import { environment } from './platform/config/environment.js';
import { runAs } from './platform/context/request-context.js';
import { loadMasterKey } from './platform/crypto/index.js';
import {
  DatabaseConnection,
  locateDatabase,
  migrate,
  migrationStatus,
  revertLast,
  usableServiceRole,
} from './platform/database/index.js';
import { createLogger } from './platform/logging/logger.js';
import { Metrics } from './platform/telemetry/metrics.js';
import { explain } from './start-up.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs `work` on the configured database, starting the embedded one when it is not running. */
async function withDatabase<T>(
  work: (urls: { ownerUrl: string; serviceUrl: string }, config: Config) => Promise<T>,
): Promise<T> {
  const config = loadConfig(environment());
  const database = await locateDatabase(config, () => undefined);
  try {
    return await work(database, config);
  } finally {
    await database.close();
  }
}

async function showStatus(ownerUrl: string): Promise<void> {
  const { applied, pending } = await migrationStatus(ownerUrl);
  for (const name of applied) say(`applied  ${name}`);
  for (const name of pending) say(`pending  ${name}`);
}

/** Checks what a start would need and says each finding; false when the service would not start. */
async function examine(): Promise<boolean> {
  const findings: [boolean, string][] = [];
  await withDatabase(async ({ ownerUrl, serviceUrl }, config) => {
    findings.push([true, 'configuration is valid']);
    const { source } = await loadMasterKey(config);
    findings.push([true, `master key comes from ${source}`]);
    const { pending } = await migrationStatus(ownerUrl);
    findings.push([
      pending.length === 0,
      pending.length === 0
        ? 'database answers, its schema is current'
        : `${pending.length} migrations are pending: npm run cli -- migrate`,
    ]);
    const role = await usableServiceRole(serviceUrl);
    findings.push([
      role !== null,
      role ? `the service works as ${role}` : 'the login may not take on gatehouse_service',
    ]);
  });
  for (const [good, finding] of findings) say(`${good ? 'ok ' : 'BAD'}  ${finding}`);
  return findings.every(([good]) => good);
}

async function createAdministrator(email: string, username: string): Promise<void> {
  const fromEnvironment = environment()['ADMIN_PASSWORD'];
  if (!fromEnvironment && process.stdin.isTTY) say('Type the password and end with Ctrl-D:');
  const password = fromEnvironment ?? (await readAll(process.stdin)).replace(/\r?\n$/, '');
  await withDatabase(async ({ ownerUrl, serviceUrl }, config) => {
    await migrate(ownerUrl);
    const metrics = new Metrics();
    const app = await createApp({
      config,
      connection: new DatabaseConnection(serviceUrl, await usableServiceRole(serviceUrl)),
      masterKey: await loadMasterKey(config),
      metrics,
      logger: createLogger('silent', metrics),
    });
    try {
      const user = await runAs('operator', 'command-line', () =>
        app.get(AccountsService).createAdministrator({ email, username, password }),
      );
      say(`${user.username} <${user.email}> is an administrator`);
    } finally {
      await app.close();
    }
  });
}

const program = new Command('gatehouse').description('Commands for operators').showHelpAfterError();

const schema = program.command('migrate').description('bring the database schema up to date');
schema.action(() =>
  withDatabase(async ({ ownerUrl }) => {
    const applied = await migrate(ownerUrl);
    for (const name of applied) say(`applied  ${name}`);
    say(applied.length === 0 ? 'The schema is current.' : `${applied.length} migrations applied.`);
  }),
);
schema
  .command('status')
  .description('list applied and pending migrations')
  .action(() => withDatabase(({ ownerUrl }) => showStatus(ownerUrl)));
schema
  .command('down')
  .description('revert the newest migration; its data is lost')
  .action(() =>
    withDatabase(async ({ ownerUrl }) => {
      const reverted = await revertLast(ownerUrl);
      say(reverted ? `reverted ${reverted}` : 'There is nothing to revert.');
    }),
  );

program
  .command('doctor')
  .description('check configuration, key and database')
  .action(async () => {
    if (!(await examine())) process.exitCode = 1;
  });

program
  .command('users')
  .description('accounts')
  .command('create-admin')
  .description('make an administrator; the password comes from ADMIN_PASSWORD or standard input')
  .requiredOption('--email <address>', 'email address, taken as verified')
  .requiredOption('--username <name>', 'username')
  .action(({ email, username }: { email: string; username: string }) =>
    createAdministrator(email, username),
  );

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${explain(error) ?? String((error as Error)?.stack ?? error)}\n`);
  process.exitCode = 1;
});

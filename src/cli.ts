import { Command } from 'commander';

import { addAudit } from './cli/audit.command.js';
import { addDoctor } from './cli/doctor.command.js';
import { addKeys } from './cli/keys.command.js';
import { addMigrate } from './cli/migrate.command.js';
import { addUsers } from './cli/users.command.js';
import { explain } from './start-up.js';

const program = new Command('gatehouse').description('Commands for operators').showHelpAfterError();
for (const add of [addMigrate, addDoctor, addUsers, addKeys, addAudit]) add(program);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${explain(error) ?? String((error as Error)?.stack ?? error)}\n`);
  process.exitCode = 1;
});

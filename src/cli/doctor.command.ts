import type { Command } from 'commander';

import { loadMasterKey } from '../platform/crypto/index.js';
import { migrationStatus, usableServiceRole } from '../platform/database/index.js';
import { say, withDatabase } from './installation.js';

/** `doctor` */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check configuration, key and database')
    .action(async () => {
      if (!(await examine())) process.exitCode = 1;
    });
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

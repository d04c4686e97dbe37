import type { Command } from 'commander';

import { KeyRotationService } from '../features/tokens/index.js';
import { say, withApplication } from './installation.js';

/** `keys list`, `keys rotate`, `keys revoke` */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('keys that sign access tokens');
  keys
    .command('list')
    .description('list the keys, newest first')
    .action(() => withKeys(list));
  keys
    .command('rotate')
    .description('publish the next key; it signs after SIGNING_KEY_LEAD_SECONDS')
    .action(() => withKeys(rotate));
  keys
    .command('revoke')
    .argument('<kid>', 'id of the key, as `keys list` shows it')
    .description('remove a key that others may know; its tokens are refused at once')
    .action((id: string) => withKeys((service) => revoke(service, id)));
}

function withKeys(work: (keys: KeyRotationService) => Promise<void>): Promise<void> {
  return withApplication((app) => work(app.get(KeyRotationService)));
}

async function list(keys: KeyRotationService): Promise<void> {
  for (const { id, algorithm, state, signsFrom } of await keys.list()) {
    say(`${id}  ${algorithm}  ${state.padEnd(9)}  signs from ${signsFrom.toISOString()}`);
  }
}

async function rotate(keys: KeyRotationService): Promise<void> {
  const { id, signsFrom } = await keys.rotate();
  say(`${id} is published and signs from ${signsFrom.toISOString()}`);
}

async function revoke(keys: KeyRotationService, id: string): Promise<void> {
  if (await keys.revoke(id)) say(`${id} is removed; its tokens are refused`);
  else {
    say(`There is no key ${id}: npm run cli -- keys list`);
    process.exitCode = 1;
  }
}

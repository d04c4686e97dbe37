import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eicar } from './sample-files.js';

const found = spawnSync('clamd', ['--version']).status === 0;

/** With REQUIRE_CLAMD=1 its absence is a failure. */
export const describeWithClamd =
  found || process.env['REQUIRE_CLAMD'] === '1' ? describe : describe.skip;

export interface Clamd {
  url: string;
  stop(): Promise<void>;
}

/** A real clamd that knows one virus: the one that is none. */
export async function startClamd(): Promise<Clamd> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-clamd-'));
  const socket = join(folder, 'clamd.sock');
  const md5 = createHash('md5').update(eicar).digest('hex');
  mkdirSync(join(folder, 'db'));
  writeFileSync(join(folder, 'db', 'test.hdb'), `${md5}:${eicar.length}:Eicar-Test\n`);
  writeFileSync(
    join(folder, 'clamd.conf'),
    [
      'Foreground yes',
      `LocalSocket ${socket}`,
      `DatabaseDirectory ${join(folder, 'db')}`,
      `TemporaryDirectory ${folder}`,
      'StreamMaxLength 1M',
      'MaxThreads 2',
    ].join('\n'),
  );
  const clamd = spawn('clamd', ['--config-file', join(folder, 'clamd.conf')], { stdio: 'ignore' });
  const ended = once(clamd, 'exit');
  for (let tries = 200; !(await listens(socket)); tries--) {
    if (tries === 0 || clamd.exitCode !== null) throw new Error('clamd does not start');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url: `unix://${socket}`,
    stop: async () => {
      clamd.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => resolve(true));
    socket.once('connect', () => socket.destroy());
    socket.once('error', () => resolve(false));
  });
}

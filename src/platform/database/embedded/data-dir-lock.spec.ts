import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lockDataDir, type DataDirLock } from './data-dir-lock.js';
import { DataDirInUseError } from './errors.js';

// The socket file of other systems works on Linux as well, so both kinds are tested there.
const platforms =
  process.platform === 'linux' ? (['linux', 'darwin'] as const) : ['darwin' as const];

describe.each(platforms)('lock of a DATA_DIR on %s', (platform) => {
  let dataDir: string;

  beforeEach(() => {
    // Its folder does not exist: the lock of a shared volume is left out.
    dataDir = `/data/${randomUUID()}`;
  });

  it('[DA-01] refuses a second holder, naming the first, and lets go when released', async () => {
    const lock = await lockDataDir(dataDir, platform);
    const refused = lockDataDir(dataDir, platform);
    await expect(refused).rejects.toBeInstanceOf(DataDirInUseError);
    await expect(refused).rejects.toMatchObject({ dataDir, pid: process.pid });
    await lock.release();
    await (await lockDataDir(dataDir, platform)).release();
  });

  it('[DA-01] lets exactly one of many simultaneous starts win', async () => {
    const starts = Array.from({ length: 8 }, () => lockDataDir(dataDir, platform));
    const settled = await Promise.allSettled(starts);
    const won = settled.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const result of settled) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(DataDirInUseError);
    }
    await Promise.all(won.map((result) => result.value.release()));
  });
});

describe('socket file of a killed holder', () => {
  /** Leaves a socket file on which nobody listens any more. */
  async function leaveStaleSocket(path: string): Promise<void> {
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script, path]), 'exit');
    expect(existsSync(path)).toBe(true);
  }

  it('[DA-01][F01] is taken over, by exactly one of many', async () => {
    for (let round = 0; round < 3; round++) {
      const dataDir = `/data/${randomUUID()}`;
      const digest = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
      await leaveStaleSocket(join(tmpdir(), `gatehouse-${digest}.sock`));
      const starts = Array.from({ length: 8 }, () => lockDataDir(dataDir, 'darwin'));
      const settled = await Promise.allSettled<DataDirLock>(starts);
      const won = settled.filter((result) => result.status === 'fulfilled');
      expect(won).toHaveLength(1);
      await expect(lockDataDir(dataDir, 'darwin')).rejects.toBeInstanceOf(DataDirInUseError);
      await won[0]?.value.release();
    }
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

interface Stats {
  dropped: number;
  turns: number;
  rssMb: number;
}

describe('A log that nobody reads', () => {
  let child: ChildProcess;

  beforeEach(async () => {
    const program = join(import.meta.dirname, 'support/log-child.mjs');
    child = spawn(process.execPath, ['--no-warnings', '--experimental-transform-types', program], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    child.stdout!.pause(); // the pipe fills up and stays full
    await once(child, 'message');
  });
  afterEach(() => child.kill('SIGKILL'));

  async function tell(command: string, lines = 0): Promise<Stats> {
    const answer = once(child, 'message');
    child.send({ command, lines });
    const [stats] = (await answer) as [Stats];
    return stats;
  }

  it('[F22][V16.4.1] blocks nothing, costs bounded memory and is counted', async () => {
    const before = await tell('stats');
    for (let round = 0; round < 20; round++) await tell('flood', 5_000);
    await delay(300);
    const after = await tell('stats');
    expect(after.dropped).toBeGreaterThan(50_000);
    expect(after.turns).toBeGreaterThan(before.turns + 10);
    expect(after.rssMb - before.rssMb).toBeLessThan(100); // 30 MB of lines, of which 4 may wait

    child.stdout!.resume(); // the reader is back
    await delay(500);
    const { dropped } = await tell('flood', 10);
    expect((await tell('flood', 10)).dropped).toBe(dropped);
  });

  it('[F22] does not keep the process from stopping', async () => {
    await tell('flood', 30_000);
    const started = performance.now();
    const exit = once(child, 'exit');
    child.send({ command: 'stop' });
    expect(await exit).toEqual([0, null]);
    expect(performance.now() - started).toBeLessThan(6_000);
  });

  it('[F22] does not keep the process from ending after a fatal error', async () => {
    await tell('flood', 30_000);
    const started = performance.now();
    const exit = once(child, 'exit');
    child.send({ command: 'fatal' });
    expect(await exit).toEqual([1, null]);
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it('[F22] whose reader has gone does not end the process', async () => {
    child.stdout!.destroy();
    await tell('flood', 1_000);
    await delay(200);
    const { dropped, turns } = await tell('flood', 1_000);
    expect(dropped).toBeGreaterThanOrEqual(1_000);
    await delay(200);
    expect((await tell('stats')).turns).toBeGreaterThan(turns);
    const exit = once(child, 'exit');
    child.send({ command: 'stop' });
    expect(await exit).toEqual([0, null]);
  });
});

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const folders = new Set<string>();

/** A folder for DATA_DIR that {@link endFolders} removes, with the PostgreSQL that runs in it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-process-')));
  folders.add(folder);
  return folder;
}

export async function endFolders(): Promise<void> {
  for (const folder of folders) {
    await eventually(() => {
      const left = processesIn(folder);
      for (const pid of left) signal(pid, 'SIGKILL');
      if (left.length > 0) throw new Error(`processes are left in ${folder}`);
    });
    await rm(folder, { recursive: true, force: true });
  }
  folders.clear();
}

/** Processes that work inside a folder: a PostgreSQL server and its backends. */
export function processesIn(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`);
      } catch {
        return false; // gone, or a zombie
      }
    });
}

/** Processes of a group, zombies excepted. */
export function processGroup(id: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [state, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .split(') ')[1]!
          .split(' ');
        return Number(group) === id && state !== 'Z';
      } catch {
        return false;
      }
    });
}

/** Process id of the embedded server of a DATA_DIR. */
export function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

/** Signals a process that may have gone in the meantime. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Tries until it works; gives the milliseconds that took. */
export async function eventually(
  attempt: () => unknown,
  withinMs = 10_000,
  everyMs = 25,
): Promise<number> {
  const started = performance.now();
  for (;;) {
    try {
      await attempt();
      return performance.now() - started;
    } catch (error) {
      if (performance.now() - started > withinMs) throw error;
      await delay(everyMs);
    }
  }
}

/** @throws Error that says why when the work takes longer */
export async function within<T>(ms: number, work: Promise<T>, why: () => string): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`after ${ms} ms: ${why()}`);
  });
  late.catch(() => undefined);
  return Promise.race([work, late]).finally(() => timer.abort());
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { readIfPresent } from './data-dir.js';
import { errorCode } from './errors.js';

/** What the server writes into `postmaster.pid` about itself. */
export interface PidFile {
  readonly pid: number;
  readonly port: number;
  /** `starting`, `ready`, `stopping`, … or empty when not yet written. */
  readonly status: string;
}

const run = promisify(execFile);

/** Reads `postmaster.pid`; undefined when missing or (for a moment) incomplete. */
export async function readPidFile(clusterDir: string): Promise<PidFile | undefined> {
  const text = await readIfPresent(join(clusterDir, 'postmaster.pid'));
  const lines = text?.split('\n') ?? [];
  const pid = Number.parseInt(lines[0] ?? '', 10);
  const port = Number.parseInt(lines[3] ?? '', 10);
  if (!(pid > 0) || !(port > 0)) return undefined;
  return { pid, port, status: (lines[7] ?? '').trim() };
}

/** Whether this process id is taken, be it by a zombie. */
export function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
}

/**
 * Whether a process with this id lives. A zombie does not: it only waits for its parent, for
 * ever where the first process of a container does not collect orphans.
 */
export function isRunning(pid: number): boolean {
  if (!isTaken(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(')').at(-1) ?? '';
    return !/^ [ZX]/.test(afterName);
  } catch (error) {
    return errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ESRCH';
  }
}

/**
 * Whether this process is the server of this cluster. After a reboot, or in a new container,
 * the id in a stale `postmaster.pid` can belong to anything, which we must neither signal nor
 * take for our server.
 */
export async function isPostmasterOf(pid: number, clusterDir: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  if (process.platform !== 'linux') {
    const { stdout } = await run('ps', ['-o', 'comm=', '-p', `${pid}`]).catch(() => NO_OUTPUT);
    return basename(stdout.trim()) === 'postgres';
  }
  const name = await readIfPresent(`/proc/${pid}/comm`).catch(() => undefined);
  if (name?.trim() !== 'postgres') return false;
  try {
    // The server works inside its data directory.
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(clusterDir));
  } catch (error) {
    // Unreadable is not a no; gone is.
    return errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM';
  }
}

const NO_OUTPUT = { stdout: '' };

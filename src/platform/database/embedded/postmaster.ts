import type { ChildProcess } from 'node:child_process';
import { open, stat, truncate, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import type { Cluster } from './cluster.js';
import { EmbeddedPostgresError, errorCode, errorMessage } from './errors.js';
import { LOOPBACK } from './port.js';
import { isRunning, readPidFile } from './postmaster-process.js';
import { spawnAs } from './run-as.js';

/** A running server, whether our child or one that an earlier process left behind. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process is gone. Never rejects. */
  readonly exited: Promise<void>;
  /** True once the process is gone; its id may then belong to another one. */
  isGone(): boolean;
}

/** Why a server did not start, as far as the launcher can do something about it. */
export type LaunchFailure = 'port-taken' | 'files-busy' | 'other';

export class LaunchError extends EmbeddedPostgresError {
  readonly failure: LaunchFailure;

  constructor(failure: LaunchFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** Above this size (bytes) the server's log starts anew, at the next start. */
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** A long crash recovery is legitimate; a server that never gets ready is not. */
export const READY_TIMEOUT_MS = 5 * 60_000;
const POLL_MS = 20;
const ADOPTED_POLL_MS = 200;
/** Fast shutdown, then immediate shutdown (recovers at the next start), then no more asking. */
const STOP_STEPS = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
] as const;

/** Modest memory: it shares a small machine with the service. */
const DEFAULTS: Readonly<Record<string, string>> = {
  shared_buffers: '64MB',
  max_connections: '100',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
};

/**
 * Starts the server and waits until it accepts connections.
 * @param signal aborting it stops the half-started server and rejects
 * @throws LaunchError with the last lines of the server's log
 */
export async function launch(
  cluster: Cluster,
  port: number,
  signal: AbortSignal,
): Promise<Postmaster> {
  const { handle: log, size } = await openLog(cluster.paths.logFile);
  try {
    // Its own session: Ctrl-C in a terminal goes to us alone, and we stop the server in order.
    const child = spawnAs(
      cluster.runAs,
      cluster.binaries,
      cluster.binaries.postgres,
      [...['-D', cluster.paths.clusterDir, ...settingArguments(cluster, port)]],
      { detached: true, stdio: ['ignore', log.fd, log.fd] },
    );
    const server = await childServer(child, port);
    await untilReady(cluster, server, signal);
    return server;
  } catch (error) {
    if (signal.aborted) throw error;
    throw launchError(error, await textFrom(cluster.paths.logFile, size));
  } finally {
    await log.close();
  }
}

/** Takes over a server that is already running. Its end must be polled: it is not our child. */
export function adopted(pid: number, port: number): Postmaster {
  const poll = async (): Promise<void> => {
    while (isRunning(pid)) await delay(ADOPTED_POLL_MS);
  };
  return leavingWithUs({ pid, port, exited: poll(), isGone: () => !isRunning(pid) });
}

/** Stops the server and waits until it is gone. Harmless when it is gone already. */
export async function stopPostmaster(server: Postmaster): Promise<void> {
  for (const [signal, patienceMs] of STOP_STEPS) {
    if (server.isGone()) return;
    kill(server.pid, signal);
    const timer = new AbortController();
    const late = delay(patienceMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([server.exited, late]);
    timer.abort();
  }
  if (server.isGone()) return;
  throw new EmbeddedPostgresError(`the embedded PostgreSQL (process ${server.pid}) does not stop`);
}

/** Should our process exit without stopping the server, the server is at least told to end. */
function leavingWithUs(server: Postmaster): Postmaster {
  const onExit = (): void => {
    if (!server.isGone()) kill(server.pid, 'SIGINT');
  };
  process.on('exit', onExit);
  void server.exited.then(() => process.off('exit', onExit));
  return server;
}

/** Signals a process that may have gone in the meantime. */
function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

function settingArguments(cluster: Cluster, port: number): string[] {
  const all: Record<string, string> = {
    ...DEFAULTS,
    ...cluster.settings,
    listen_addresses: LOOPBACK,
    port: `${port}`,
    unix_socket_directories: '',
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function childServer(child: ChildProcess, port: number): Promise<Postmaster> {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      resolve(leavingWithUs({ pid: child.pid ?? 0, port, exited, isGone }));
    });
  });
}

async function untilReady(
  cluster: Cluster,
  server: Postmaster,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const file = await readPidFile(cluster.paths.clusterDir);
    if (server.isGone()) throw new Error('the server ended while starting');
    if (file?.pid === server.pid && file.status === 'ready') return;
    if (signal.aborted || Date.now() > deadline) {
      await stopPostmaster(server);
      signal.throwIfAborted();
      throw new Error('the server did not get ready in time');
    }
    await delay(POLL_MS);
  }
}

function launchError(error: unknown, output: string): LaunchError {
  const failure = /could not bind|Address already in use/.test(output)
    ? 'port-taken'
    : /pre-existing shared memory|lock file "postmaster.pid" already exists/.test(output)
      ? 'files-busy'
      : 'other';
  const reason = errorMessage(error);
  const end = output.trimEnd().split('\n').slice(-8).join('\n');
  return new LaunchError(failure, `the embedded PostgreSQL did not start: ${reason}\n${end}`);
}

async function openLog(file: string): Promise<{ handle: FileHandle; size: number }> {
  const before = await stat(file).catch(() => undefined);
  if (before && before.size > LOG_LIMIT_BYTES) await truncate(file);
  const handle = await open(file, 'a', 0o600);
  return { handle, size: (await handle.stat()).size };
}

/** What was appended to a file since it had that size, at most 64 KiB of it. */
async function textFrom(file: string, offset: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(offset, size - 64 * 1024);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, null, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

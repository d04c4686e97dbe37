import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Cluster } from './cluster.js';
import { superuserUrl, withClient } from './connection.js';
import { readIfPresent, writePrivateFile } from './data-dir.js';
import { errorMessage } from './errors.js';
import type { Passwords } from './passwords.js';
import { choosePort } from './port.js';
import { isPostmasterOf, isTaken, readPidFile } from './postmaster-process.js';
import {
  adopted,
  launch,
  LaunchError,
  READY_TIMEOUT_MS,
  stopPostmaster,
  type Postmaster,
} from './postmaster.js';

/** How often a start is tried again when something outside got in its way. */
const ATTEMPTS = 10;

/**
 * Adopts the server that an earlier process left running, or starts one.
 * @param fixedPort the port of a server that crashed: its URLs are in use, so only that will do
 * @throws LaunchError with the last lines of the server's log
 */
export async function bringUp(
  cluster: Cluster,
  passwords: Passwords,
  signal: AbortSignal,
  fixedPort?: number,
): Promise<Postmaster> {
  let preferred = fixedPort ?? (await lastPort(cluster));
  for (let attempt = 1; ; attempt++) {
    const running = await adopt(cluster, passwords, signal, fixedPort);
    if (running) return running;
    const port = fixedPort ?? (await choosePort(preferred));
    try {
      const server = await launch(cluster, port, signal);
      if (port !== preferred)
        await writePrivateFile(cluster.paths, cluster.paths.portFile, `${port}\n`);
      return server;
    } catch (error) {
      const retry = error instanceof LaunchError && error.failure !== 'other';
      if (signal.aborted || !retry || attempt === ATTEMPTS) throw error;
      if (error.failure === 'port-taken') preferred = undefined;
      // files-busy: orphaned backends of a killed server need a moment to notice and leave.
      await delay(100 * attempt, undefined, { signal });
    }
  }
}

/** Stops whatever server runs on this cluster, whoever started it. */
export async function stopLeftover(clusterDir: string): Promise<void> {
  const file = await readPidFile(clusterDir);
  if (file && (await isPostmasterOf(file.pid, clusterDir))) {
    await stopPostmaster(adopted(file.pid, file.port));
  }
}

/** The server on this cluster, if one runs, answers and is of use; a useless one is stopped. */
async function adopt(
  cluster: Cluster,
  passwords: Passwords,
  signal: AbortSignal,
  fixedPort: number | undefined,
): Promise<Postmaster | undefined> {
  const { clusterDir } = cluster.paths;
  const file = await readPidFile(clusterDir);
  if (!file) return undefined;
  if (!(await isPostmasterOf(file.pid, clusterDir))) {
    await removeStalePidFile(cluster, file.pid);
    return undefined;
  }
  const server = adopted(file.pid, file.port);
  await untilSettled(clusterDir, server, signal);
  if (fixedPort === undefined || fixedPort === server.port) {
    const failure = await whyUseless(server, passwords);
    if (failure === undefined) {
      cluster.log('adopted the running embedded PostgreSQL', { pid: server.pid });
      return server;
    }
    cluster.log('stopping an embedded PostgreSQL that does not answer', { reason: failure });
  }
  await stopPostmaster(server);
  return undefined;
}

/** Waits while the server recovers or shuts down. */
async function untilSettled(
  clusterDir: string,
  server: Postmaster,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!server.isGone() && Date.now() < deadline) {
    const file = await readPidFile(clusterDir);
    if (file?.pid !== server.pid || file.status === 'ready') return;
    await delay(50, undefined, { signal });
  }
}

async function whyUseless(server: Postmaster, passwords: Passwords): Promise<string | undefined> {
  const url = superuserUrl(server.port, passwords);
  return withClient(url, (client) => client.query('SELECT 1')).then(
    () => undefined,
    (error: unknown) => errorMessage(error),
  );
}

/**
 * The server removes a stale file itself unless the process id is taken, by a stranger or by
 * its own zombie; then it refuses to start, which we know better. Its check of shared memory
 * still guards against a second server.
 */
async function removeStalePidFile(cluster: Cluster, pid: number): Promise<void> {
  if (!isTaken(pid)) return;
  cluster.log('removing a stale postmaster.pid', { pid });
  await rm(join(cluster.paths.clusterDir, 'postmaster.pid'), { force: true });
}

async function lastPort(cluster: Cluster): Promise<number | undefined> {
  const text = await readIfPresent(cluster.paths.portFile).catch(() => undefined);
  const port = Number.parseInt(text ?? '', 10);
  return port > 1023 && port < 65_536 ? port : undefined;
}

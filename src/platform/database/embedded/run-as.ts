import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { chown, lchown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Binaries } from './binaries.js';
import type { DataDirPaths } from './data-dir.js';
import { EmbeddedPostgresError } from './errors.js';

/**
 * As whom PostgreSQL runs. It refuses to run as root, while containers and quick trials
 * often are root.
 */
export interface RunAs {
  /** Command that runs the command after it, e.g. `unshare …`. */
  readonly prefix: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** `nobody`: exists everywhere and owns nothing. */
const NOBODY = 65534;

const DIRECTLY: RunAs = { prefix: [] };
/** A user namespace in which root is called nobody: files stay owned by root outside. */
const IN_NAMESPACE: RunAs = {
  prefix: ['unshare', '-U', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--'],
};

const run = promisify(execFile);

/**
 * Decides as whom to run. A root process uses the owner of the existing data if that is not
 * root, then a user namespace, then nobody (to whom it gives the data).
 * @throws EmbeddedPostgresError when root finds none that reaches the programs and the data
 */
export async function chooseRunAs(paths: DataDirPaths, binaries: Binaries): Promise<RunAs> {
  const works = (candidates: readonly RunAs[]) =>
    firstThatReaches(candidates, binaries, paths.dataDir);
  // initdb insists on a user with a name, which containers with arbitrary user ids lack.
  if (process.getuid?.() !== 0) return (await works([DIRECTLY, IN_NAMESPACE])) ?? DIRECTLY;

  const { uid, gid } = await stat(paths.clusterDir).catch(() => stat(paths.dataDir));
  if (uid !== 0) {
    const asOwner = await works([
      { ...DIRECTLY, uid, gid },
      { ...IN_NAMESPACE, uid, gid },
    ]);
    if (asOwner) return asOwner;
    throw unreachable(paths.dataDir, uid);
  }
  const inNamespace = await works([IN_NAMESPACE]);
  if (inNamespace) return inNamespace;
  const asNobody: RunAs = { ...DIRECTLY, uid: NOBODY, gid: NOBODY };
  await chown(paths.dataDir, NOBODY, NOBODY);
  if (!(await works([asNobody]))) {
    await chown(paths.dataDir, uid, gid);
    throw unreachable(paths.dataDir, NOBODY);
  }
  await chownAll(paths.clusterDir, NOBODY, NOBODY);
  return asNobody;
}

/** Starts a program under that identity, in `/` because our own folder may be closed to it. */
export function spawnAs(
  runAs: RunAs,
  binaries: Binaries,
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const [command = file, ...rest] = [...runAs.prefix, file, ...args];
  return spawn(command, rest, { ...options, ...identity(runAs), env: binaries.env, cwd: '/' });
}

/** Tries it rather than computing it from mode bits: ACLs and sandboxes have a say as well. */
async function firstThatReaches(
  candidates: readonly RunAs[],
  binaries: Binaries,
  dir: string,
): Promise<RunAs | undefined> {
  const script = 'cd -- "$2" && "$1" --version && id -un';
  for (const runAs of candidates) {
    const [command = 'sh', ...rest] = [...runAs.prefix, 'sh', '-c', script, 'sh'];
    const options = { ...identity(runAs), env: binaries.env, cwd: '/', timeout: 10_000 };
    const reached = await run(command, [...rest, binaries.postgres, dir], options).then(
      () => true,
      () => false,
    );
    if (reached) return runAs;
  }
  return undefined;
}

function identity({ uid, gid }: RunAs): { uid?: number; gid?: number } {
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}

function unreachable(dataDir: string, uid: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, and user ${uid} cannot reach DATA_DIR ${dataDir} or the ` +
      'installed programs (or has no name): run as a normal user or set DATABASE_URL',
  );
}

async function chownAll(path: string, uid: number, gid: number): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return;
  await lchown(path, uid, gid);
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    await lchown(join(entry.parentPath, entry.name), uid, gid);
  }
}

import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Binaries } from './binaries.js';
import { readIfPresent, type DataDirPaths } from './data-dir.js';
import { EmbeddedPostgresError, errorCode } from './errors.js';
import { scramVerifier } from './passwords.js';
import { LOOPBACK } from './port.js';
import { spawnAs, type RunAs } from './run-as.js';

export type Log = (message: string, fields?: object) => void;

/** Everything the steps of the launcher share about one DATA_DIR. */
export interface Cluster {
  readonly paths: DataDirPaths;
  readonly binaries: Binaries;
  readonly runAs: RunAs;
  /** Server settings beside our own; they win except where safety hangs on ours. */
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Log;
}

/** The superuser that initdb creates. */
export const SUPERUSER = 'postgres';

/** Passwords over loopback TCP are the only way in; there is no Unix socket. */
const HOST_ACCESS = `host all all ${LOOPBACK}/32 scram-sha-256\n`;
const DRAFT_PREFIX = 'postgres.initdb-';

/**
 * Creates the cluster when there is none. It grows in a folder beside its place and moves there
 * when complete, so that being killed half way leaves nothing but rubbish for the next start.
 * @throws EmbeddedPostgresError when the folder holds something else, or another major version
 */
export async function ensureCluster(cluster: Cluster, superuserPassword: string): Promise<void> {
  const { paths, log } = cluster;
  await removeDrafts(paths);
  if (await isOurCluster(cluster)) return;
  const draft = join(paths.dataDir, `${DRAFT_PREFIX}${randomBytes(6).toString('hex')}`);
  log('creating the embedded PostgreSQL cluster', { directory: paths.clusterDir });
  await runProgram(cluster, cluster.binaries.initdb, [
    ...['-D', draft, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', '--data-checksums'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(cluster.settings['fsync'] === 'off' ? ['--no-sync'] : []),
  ]);
  await writeFile(join(draft, 'pg_hba.conf'), HOST_ACCESS);
  await setSuperuserPassword(cluster, superuserPassword, draft);
  await rename(draft, paths.clusterDir);
  await syncDirectory(paths.dataDir);
}

/**
 * Sets the superuser's password without knowing the old one: in single-user mode, which needs
 * the files and not a login. The server must not be running.
 */
export async function setSuperuserPassword(
  cluster: Cluster,
  password: string,
  directory: string = cluster.paths.clusterDir,
): Promise<void> {
  const output = await runProgram(
    cluster,
    cluster.binaries.postgres,
    ['--single', '-D', directory, SUPERUSER],
    `ALTER ROLE ${SUPERUSER} PASSWORD '${scramVerifier(password)}'\n`,
  );
  // A failed statement does not fail the program.
  if (/^.*(ERROR|FATAL):/m.test(output)) throw programError('postgres --single', output);
}

async function isOurCluster({ paths, binaries }: Cluster): Promise<boolean> {
  const version = (await readIfPresent(join(paths.clusterDir, 'PG_VERSION')))?.trim();
  if (version === binaries.major) return true;
  if (version !== undefined) {
    throw new EmbeddedPostgresError(
      `${paths.clusterDir} holds data of PostgreSQL ${version}, but this release runs ` +
        `${binaries.major}: move the data over with a dump, or set DATA_DIR to a new directory`,
    );
  }
  const entries = await readdir(paths.clusterDir).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  if (entries.length === 0) return false;
  throw new EmbeddedPostgresError(
    `${paths.clusterDir} is not a PostgreSQL cluster: move it away, or set DATA_DIR to another ` +
      'directory',
  );
}

/** Best effort: an initdb that outlived its killed parent may still be writing there. */
async function removeDrafts({ dataDir }: DataDirPaths): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

/** Runs a program to its end and returns what it printed. */
function runProgram(
  cluster: Cluster,
  program: string,
  args: readonly string[],
  input = '',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { stdio: 'pipe' } as const;
    const child = spawnAs(cluster.runAs, cluster.binaries, program, args, options);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(programError(args[0] === '--single' ? 'postgres --single' : 'initdb', output));
    });
    // A program that ended early says why itself; the broken pipe adds nothing.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function programError(name: string, output: string): EmbeddedPostgresError {
  const end = output.trimEnd().split('\n').slice(-5).join('\n');
  return new EmbeddedPostgresError(`${name} of the embedded PostgreSQL failed:\n${end}`);
}

/** Makes a rename in this directory survive a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { EmbeddedPostgresError, errorCode } from './errors.js';

/** Where the launcher keeps its things. All paths are absolute and free of symbolic links. */
export interface DataDirPaths {
  readonly dataDir: string;
  /** The PostgreSQL cluster itself (PGDATA). */
  readonly clusterDir: string;
  readonly logFile: string;
  readonly passwordsFile: string;
  /** Remembers the last TCP port, so that clients with a saved URL find the server again. */
  readonly portFile: string;
  /** Symbolic links to shared libraries, when the installed package lacks them. */
  readonly libraryDir: string;
}

/** Names the files under a DATA_DIR whose real path is known. */
export function dataDirPaths(dataDir: string): DataDirPaths {
  return {
    dataDir,
    clusterDir: join(dataDir, 'postgres'),
    logFile: join(dataDir, 'postgres.log'),
    passwordsFile: join(dataDir, 'postgres-passwords.json'),
    portFile: join(dataDir, 'postgres-port'),
    libraryDir: join(dataDir, 'postgres-lib'),
  };
}

/**
 * Creates DATA_DIR (mode 0700) when it is missing and proves that it can be written.
 * An existing directory keeps its mode: it may be a mounted volume.
 * @throws EmbeddedPostgresError naming the directory and the fix
 */
export async function prepareDataDir(dataDir: string): Promise<DataDirPaths> {
  const wanted = resolve(dataDir);
  try {
    await makeDirectory(wanted, 0o700);
    const paths = dataDirPaths(await realpath(wanted));
    // Permission bits say little to root or on a read-only mount: really open a file.
    const log = await open(paths.logFile, 'a', 0o600);
    await log.chmod(0o600).finally(() => log.close());
    await giveToOwner(paths.dataDir, paths.logFile);
    return paths;
  } catch (error) {
    throw new EmbeddedPostgresError(
      `DATA_DIR ${wanted} cannot be written (${errorCode(error) ?? 'unknown error'}): ` +
        'make it a directory that this user may write to, or set DATA_DIR to another one',
      { cause: error },
    );
  }
}

/**
 * Creates a directory and, with the usual mode, its missing parents. Not mkdir's own
 * `recursive`: that never returns where the system answers ENOENT to every attempt (/proc).
 */
async function makeDirectory(directory: string, mode: number): Promise<void> {
  try {
    await mkdir(directory, { mode });
  } catch (error) {
    const code = errorCode(error);
    const parent = dirname(directory);
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return;
    if (code !== 'ENOENT' || (await stat(parent).catch(() => undefined))) throw error;
    await makeDirectory(parent, 0o777);
    await mkdir(directory, { mode });
  }
}

/**
 * Writes a file of mode 0600 in one step: after a crash it holds the old or the new text,
 * never half of one.
 */
export async function writePrivateFile(
  paths: DataDirPaths,
  file: string,
  text: string,
): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await giveToOwner(paths.dataDir, draft);
  await rename(draft, file);
}

/** The text of a file, or undefined when there is none. */
export async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * A root process hands its files to the owner of DATA_DIR: one run under sudo must not lock
 * the ordinary user out of the directory.
 */
async function giveToOwner(dataDir: string, file: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const owner = await stat(dataDir);
  await chown(file, owner.uid, owner.gid);
}

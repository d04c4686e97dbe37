import { type Config, DatabaseConfig, ProcessConfig } from '../config/index.js';
import { DatabaseConnection } from './database.module.js';
import { EmbeddedPostgres } from './embedded/index.js';
import { migrate, usableServiceRole } from './migrations.js';

export interface OpenedDatabase {
  /** For the service: as few rights as can be had. */
  connection: DatabaseConnection;
  /** For migrations: may create tables. */
  ownerUrl: string;
  /** Names of the migrations that were applied just now. */
  applied: string[];
  /** True when the service has to work with the full rights of its login. */
  fullRights: boolean;
  /** Stops what was started here: the embedded server, if any. */
  close(): Promise<void>;
}

export type LogLine = (message: string, fields?: object) => void;

/** Where the database is, without migrating it. */
export async function locateDatabase(
  config: Config,
  log: LogLine,
): Promise<{ ownerUrl: string; serviceUrl: string; close(): Promise<void> }> {
  const { url, migrationUrl } = config.get(DatabaseConfig);
  if (url) {
    return { ownerUrl: migrationUrl ?? url, serviceUrl: url, close: () => Promise.resolve() };
  }
  const { dataDir } = config.get(ProcessConfig);
  const running = await EmbeddedPostgres.attach(dataDir);
  const server = running ? null : await EmbeddedPostgres.start({ dataDir, log });
  const { ownerUrl, serviceUrl } = running ?? server!;
  return { ownerUrl, serviceUrl, close: async () => server?.stop() };
}

/**
 * Reaches the configured database, or starts the embedded one, and brings its schema up to date.
 * @throws DataDirInUseError when another instance runs on the same DATA_DIR
 */
export async function openDatabase(config: Config, log: LogLine): Promise<OpenedDatabase> {
  const { url, migrationUrl } = config.get(DatabaseConfig);
  if (url) {
    const variable = migrationUrl ? 'MIGRATION_DATABASE_URL' : 'DATABASE_URL';
    return prepared(migrationUrl ?? url, url, () => Promise.resolve(), variable);
  }
  const { dataDir } = config.get(ProcessConfig);
  const server = await EmbeddedPostgres.start({
    dataDir,
    log,
    onCrash: (crash) => log('The embedded PostgreSQL ended and is being restarted', { crash }),
  });
  try {
    return await prepared(server.ownerUrl, server.serviceUrl, () => server.stop());
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function prepared(
  ownerUrl: string,
  serviceUrl: string,
  close: () => Promise<void>,
  migrationVariable?: string,
): Promise<OpenedDatabase> {
  const applied = await migrate(ownerUrl).catch((error: unknown) => {
    throw Object.assign(error as Error, { variable: migrationVariable }); // for the operator
  });
  const role = await usableServiceRole(serviceUrl);
  return {
    connection: new DatabaseConnection(serviceUrl, role),
    ownerUrl,
    applied,
    fullRights: role === null,
    close,
  };
}

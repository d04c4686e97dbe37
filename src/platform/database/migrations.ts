import pg from 'pg';
import { DataSource } from 'typeorm';

import { packageFile } from '../installation/package-root.js';
import { migrateQueue } from '../queue/queue-schema.js';
import { sqlState } from './database-error.js';

/** The role whose rights the service works with; migrations create it and grant to it. */
export const serviceRole = 'gatehouse_service';

/** Key of the advisory lock that makes migrations run one at a time: "GATE" in ASCII. */
const migrationLock = 0x47415445;

/**
 * Brings the schema up to date. Of several instances starting together one migrates and the
 * others wait for it; each migration is one transaction, so a killed one leaves nothing.
 * @param url connection of a role that may create tables
 * @returns names of the migrations that were applied
 */
export async function migrate(url: string): Promise<string[]> {
  return withMigrations(url, async (dataSource) => {
    const applied = await dataSource.runMigrations({ transaction: 'each' });
    await migrateQueue(url);
    return applied.map(({ name }) => name);
  });
}

/** Reverts the newest migration and gives its name; null when there is none. */
export async function revertLast(url: string): Promise<string | null> {
  return withMigrations(url, async (dataSource) => {
    const [last] = await executed(dataSource);
    if (!last) return null;
    await dataSource.undoLastMigration({ transaction: 'each' });
    return last;
  });
}

/** Migrations in the order in which they were applied, and those that still have to be. */
export async function migrationStatus(
  url: string,
): Promise<{ applied: string[]; pending: string[] }> {
  return withMigrations(url, async (dataSource) => {
    const applied = (await executed(dataSource)).reverse();
    const pending = dataSource.migrations
      .map((migration) => migration.name ?? migration.constructor.name)
      .filter((name) => !applied.includes(name));
    return { applied, pending };
  });
}

async function executed(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource
    .query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id DESC')
    .catch((error: unknown) => {
      if (sqlState(error) === '42P01') return []; // no such table: nothing was ever applied
      throw error;
    });
  return rows.map(({ name }) => name);
}

async function withMigrations<T>(
  url: string,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const lock = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  lock.on('error', () => undefined); // the statements on the other connection will tell
  await lock.connect();
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    applicationName: 'gatehouse-migrations',
    migrations: [packageFile('dist', 'migrations', '*.js')],
    migrationsTableName: 'migrations',
    installExtensions: false,
    poolSize: 2,
  });
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await dataSource.initialize();
    return await work(dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await lock.end();
  }
}

/**
 * The role the service should take on after connecting with `url`; null when it may not, which
 * means that it works with the full rights of that login.
 */
export async function usableServiceRole(url: string): Promise<string | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the statement will tell
  await client.connect();
  try {
    const { rows } = await client.query<{ usable: boolean }>(
      // Since PostgreSQL 16 membership does not include the right to take the role on.
      `SELECT pg_has_role(current_user, oid,
         CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END
       ) AS usable FROM pg_roles WHERE rolname = $1`,
      [serviceRole],
    );
    return rows[0]?.usable ? serviceRole : null;
  } finally {
    await client.end();
  }
}

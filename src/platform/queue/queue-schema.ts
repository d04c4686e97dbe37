import { Logger, runMigrations } from 'graphile-worker';
import pg from 'pg';

/**
 * Brings graphile-worker's own tables up to date; its version decides which these are, so that a
 * new version needs no migration of ours. Our migration made the schema and decided what the
 * service may do in it; without it (everything was reverted) there is nothing to do.
 *
 * Its tables have row-level security without a policy, which shows the service nothing.
 */
export async function migrateQueue(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 5_000 });
  pool.on('error', () => undefined); // the statements will tell
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    const { rowCount } = await pool.query(
      "SELECT FROM pg_namespace WHERE nspname = 'graphile_worker'",
    );
    if (rowCount === 0) return;
    const logger = new Logger(() => () => undefined);
    await runMigrations({ pgPool: pool, logger, noHandleSignals: true });
    await pool.query(letServiceIn);
  } finally {
    await pool.end();
  }
}

/** Each table without a policy gets one. */
const letServiceIn = `
  DO $$ DECLARE closed regclass; BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
      FOR closed IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'graphile_worker'::regnamespace AND relrowsecurity
          AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)
      LOOP
        EXECUTE format('CREATE POLICY gatehouse_service ON %s TO gatehouse_service USING (true)', closed);
      END LOOP;
      -- Only where there is something to take, so that a database that takes no writes is none.
      IF has_table_privilege('gatehouse_service', 'graphile_worker.migrations', 'INSERT') THEN
        REVOKE INSERT, UPDATE, DELETE ON graphile_worker.migrations FROM gatehouse_service;
      END IF;
    END IF;
  END $$`;

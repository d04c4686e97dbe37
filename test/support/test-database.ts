import { randomBytes } from 'node:crypto';

import pg from 'pg';

/** A migrated database of one suite, copied from the template. */
export interface TestDatabase {
  /** Login with the service's rights. */
  serviceUrl: string;
  /** Login that owns the tables. */
  ownerUrl: string;
  /** Connection that may do everything, to look and to tamper. */
  superuser: pg.Client;
  drop(): Promise<void>;
}

/** @param template `gatehouse` is migrated, `template1` is empty */
export async function createTestDatabase(template = 'gatehouse'): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const server = new pg.Client({ connectionString: superuserUrl() });
  await server.connect();
  await server.query('SELECT pg_advisory_lock(1)'); // copying a template is for one at a time
  await server.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER gatehouse_owner`);
  await server.query('SELECT pg_advisory_unlock(1)');
  const superuser = new pg.Client({ connectionString: at('TEST_SUPERUSER_URL', name) });
  await superuser.connect();
  return {
    serviceUrl: at('TEST_SERVICE_URL', name),
    ownerUrl: at('TEST_OWNER_URL', name),
    superuser,
    drop: async () => {
      await superuser.end();
      await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.end();
    },
  };
}

/** Login that may do everything, on a database that nobody copies. */
export function superuserUrl(): string {
  return at('TEST_SUPERUSER_URL', 'postgres');
}

function at(variable: string, database: string): string {
  const url = new URL(environmentUrl(variable));
  url.pathname = `/${database}`;
  return url.href;
}

function environmentUrl(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is not set: run through the jest configuration`);
  return value;
}

import type { Client } from 'pg';

import {
  DATABASE,
  OWNER_ROLE,
  SERVICE_LOGIN,
  SERVICE_ROLE,
  superuserUrl,
  withClient,
} from './connection.js';
import { scramVerifier, type Passwords } from './passwords.js';

const NO_POWERS = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';

/**
 * Creates the roles and the database as far as they are missing, and brings their passwords
 * into step with the kept ones. Runs at every start: a start killed half way is finished by
 * the next one.
 */
export async function provision(port: number, passwords: Passwords): Promise<void> {
  await withClient(superuserUrl(port, passwords), async (client) => {
    await ensureRole(client, OWNER_ROLE, loginOptions(passwords.owner));
    await ensureRole(client, SERVICE_ROLE, `NOLOGIN ${NO_POWERS}`);
    await ensureRole(client, SERVICE_LOGIN, loginOptions(passwords.service));
    await ensureDatabase(client);
    await client.query(`GRANT ${SERVICE_ROLE} TO ${SERVICE_LOGIN}`);
    // PUBLIC may connect to and create temporary tables in every database by default.
    await client.query(`REVOKE ALL ON DATABASE ${DATABASE}, postgres, template1 FROM PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${DATABASE} TO ${SERVICE_ROLE}`);
  });
}

function loginOptions(password: string): string {
  return `LOGIN ${NO_POWERS} PASSWORD '${scramVerifier(password)}'`;
}

async function ensureRole(client: Client, role: string, options: string): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  await client.query(`${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} ${options}`);
}

async function ensureDatabase(client: Client): Promise<void> {
  const sql = 'SELECT 1 FROM pg_database WHERE datname = $1';
  const { rowCount } = await client.query(sql, [DATABASE]);
  if (rowCount !== 0) return;
  await client.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER_ROLE} TEMPLATE template0`);
}

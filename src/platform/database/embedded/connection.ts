import { Client } from 'pg';

import { SUPERUSER } from './cluster.js';
import type { Passwords } from './passwords.js';
import { LOOPBACK } from './port.js';

export const DATABASE = 'gatehouse';
/** Owns the database and everything in it; migrations run as this role. */
export const OWNER_ROLE = 'gatehouse_owner';
/** Cannot log in; migrations grant to it what the service may do. */
export const SERVICE_ROLE = 'gatehouse_service';
/** The login of the service; it has the rights of SERVICE_ROLE and no others. */
export const SERVICE_LOGIN = 'gatehouse';

/** How to reach the database, for migrations and for the service. The URLs hold passwords. */
export interface ConnectionUrls {
  readonly ownerUrl: string;
  readonly serviceUrl: string;
}

export function connectionUrls(port: number, passwords: Passwords): ConnectionUrls {
  return {
    ownerUrl: url(port, OWNER_ROLE, passwords.owner, DATABASE),
    serviceUrl: url(port, SERVICE_LOGIN, passwords.service, DATABASE),
  };
}

/** The maintenance connection, which exists before our database does. */
export function superuserUrl(port: number, passwords: Passwords): string {
  return url(port, SUPERUSER, passwords.superuser, SUPERUSER);
}

/** Connects, does the work, disconnects. Throws what the server or the work throws. */
export async function withClient<T>(
  connectionString: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  // `ssl: false`: an inherited PGSSLMODE must not ask a loopback server for certificates.
  const client = new Client({
    connectionString,
    ssl: false,
    connectionTimeoutMillis: 5000,
    query_timeout: 30_000,
  });
  // Without a listener a server that dies under us would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function url(port: number, user: string, password: string, database: string): string {
  return `postgres://${user}:${password}@${LOOPBACK}:${port}/${database}`;
}

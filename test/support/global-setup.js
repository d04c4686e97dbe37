import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { migrate } from '../../dist/platform/database/index.js';
import { EmbeddedPostgres } from '../../dist/platform/database/embedded/index.js';

/**
 * One real PostgreSQL for the whole run; its database `gatehouse` is migrated once and then is
 * the template each suite copies. Uses the build, which `npm test` makes first.
 */
export default async function globalSetup() {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-test-'));
  const server = await EmbeddedPostgres.start({
    dataDir,
    log: () => undefined,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '300',
    },
  });
  await migrate(server.ownerUrl);
  const passwords = JSON.parse(await readFile(join(dataDir, 'postgres-passwords.json'), 'utf8'));
  const superuser = new URL(server.ownerUrl);
  superuser.username = 'postgres';
  superuser.password = passwords.superuser ?? passwords.postgres;
  process.env.TEST_OWNER_URL = server.ownerUrl;
  process.env.TEST_SERVICE_URL = server.serviceUrl;
  process.env.TEST_SUPERUSER_URL = superuser.href;
  globalThis.gatehouseTestPostgres = { server, dataDir };
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { createApp } from '../app.js';
import { type Config, loadConfig } from '../platform/config/index.js';
import { environment } from '../platform/config/environment.js';
import { runAs } from '../platform/context/request-context.js';
import { loadMasterKey } from '../platform/crypto/index.js';
import {
  DatabaseConnection,
  locateDatabase,
  migrate,
  usableServiceRole,
} from '../platform/database/index.js';
import { createLogger } from '../platform/logging/logger.js';
import { Metrics } from '../platform/telemetry/metrics.js';

/** What a command tells the operator; one line. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs `work` on the configured database, starting the embedded one when it is not running. */
export async function withDatabase<T>(
  work: (urls: { ownerUrl: string; serviceUrl: string }, config: Config) => Promise<T>,
): Promise<T> {
  // A command takes no jobs from the queue: it ends when it is done.
  const config = loadConfig({ ...environment(), PROCESS_ROLES: 'api' });
  const database = await locateDatabase(config, () => undefined);
  try {
    return await work(database, config);
  } finally {
    await database.close();
  }
}

/**
 * Runs `work` as the operator with the whole application, which serves nothing; the schema is
 * brought up to date first, as a start does.
 */
export async function withApplication<T>(
  work: (app: NestFastifyApplication, ownerUrl: string) => Promise<T>,
): Promise<T> {
  return withDatabase(async ({ ownerUrl, serviceUrl }, config) => {
    await migrate(ownerUrl);
    const metrics = new Metrics();
    const app = await createApp({
      config,
      connection: new DatabaseConnection(serviceUrl, await usableServiceRole(serviceUrl)),
      masterKey: await loadMasterKey(config),
      metrics,
      logger: createLogger('silent', metrics),
    });
    try {
      return await runAs('operator', 'command-line', () => work(app, ownerUrl));
    } finally {
      await app.close();
    }
  });
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { createApp } from './app.js';
import { SetupService } from './features/setup/index.js';
import { Config, HttpConfig, loadConfig, ProcessConfig } from './platform/config/index.js';
import { environment, startedByNpm } from './platform/config/environment.js';
import { Drain } from './platform/http/drain.js';
import { explain, type Started, startUp } from './start-up.js';

/** Starts the service and stops it in order. The only file that listens or exits. */
async function main(): Promise<void> {
  const config = loadConfig(environment());
  const started = await startUp(config);
  const { logger } = started.parts;
  process.on('unhandledRejection', (reason) => {
    logger.error({ err: reason }, 'A promise was rejected and nobody listened');
  });
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'An error escaped: stopping');
    void stop('uncaughtException', 1);
  });
  let app: NestFastifyApplication | undefined;
  let stopping = false;
  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) process.exit(1); // a second signal does not wait
    stopping = true;
    logger.info({ reason }, 'Stopping');
    await shutDown(app, started, config).catch((error: unknown) => {
      logger.error({ err: error }, 'Stopping did not go well');
      exitCode = 1;
    });
    logger.flush(() => process.exit(exitCode));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void stop(signal, 0));
  }
  if (startedByNpm()) stopWithParent(() => void stop('npm is gone', 0));
  try {
    app = await createApp(started.parts);
    const setupLink = await app.get(SetupService).prepare();
    const { host, port } = config.get(HttpConfig);
    await app.listen({ host, port });
    welcome(config, await app.getUrl(), setupLink);
    logger.info({ url: await app.getUrl() }, 'Ready');
  } catch (error) {
    await app?.close().catch(() => undefined);
    await started.database.close();
    throw error;
  }
}

/** Readiness first, then connections, then what they stood on; at most the drain timeout. */
async function shutDown(
  app: NestFastifyApplication | undefined,
  { database }: Started,
  config: Config,
): Promise<void> {
  const { drainDelayMs, drainTimeoutMs } = config.get(HttpConfig);
  if (app) {
    app.get(Drain).begin();
    await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
    const late = new Promise((resolve) => setTimeout(resolve, drainTimeoutMs).unref());
    await Promise.race([app.close(), late]);
  }
  await database.close();
}

/** npm that is killed tells nobody; without it the service would run on unseen. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 500).unref();
}

/** For people, on stderr: stdout carries the log. */
function welcome(config: Config, url: string, setupLink: string | null): void {
  const { publicUrl, dataDir } = config.get(ProcessConfig);
  const lines = [
    '',
    `  Gatehouse is ready at ${url}`,
    '',
    `  API       ${publicUrl}/api/v1`,
    `  Swagger   ${publicUrl}/docs`,
    `  Health    ${publicUrl}/health/ready`,
    `  Data      ${dataDir}`,
    ...(setupLink
      ? [
          '',
          '  There is no administrator yet. Make one with this link; it works once, for a day:',
          `  ${setupLink}`,
        ]
      : []),
    '',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

main().catch((error: unknown) => {
  const explanation = explain(error);
  process.stderr.write(`${explanation ?? (error as Error)?.stack ?? String(error)}\n`);
  process.exit(1);
});

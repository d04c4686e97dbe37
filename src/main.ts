import { readFileSync } from 'node:fs';

import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { createApp } from './app.js';
import { SetupService } from './features/setup/index.js';
import { KeyRotationService } from './features/tokens/index.js';
import { type Config, HttpConfig, loadConfig, ProcessConfig } from './platform/config/index.js';
import { environment, startedByNpm } from './platform/config/environment.js';
import { Drain } from './platform/http/drain.js';
import { explain, type Started, startUp } from './start-up.js';

/** SIGHUP comes when the terminal is closed. */
const stopSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** npm passes on what the terminal sends to both: within this time it is one signal. */
const sameSignalMs = 500;

/** Starts the service and stops it in order. The only file that listens or exits. */
async function main(): Promise<void> {
  const config = loadConfig(environment());
  // Before it serves there is nothing to finish; the embedded server follows a process that exits.
  let stop = (_reason: string, exitCode: number): void => process.exit(exitCode);
  for (const signal of stopSignals) process.on(signal, () => stop(signal, 0));
  if (startedByNpm()) stopWithNpm(() => stop('npm is gone', 0));
  const started = await startUp(config);
  const { logger } = started.parts;
  process.on('unhandledRejection', (reason) => {
    logger.error({ err: reason }, 'A promise was rejected and nobody listened');
  });
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'An error escaped: stopping');
    stop('uncaughtException', 1);
  });
  let app: NestFastifyApplication | undefined;
  try {
    app = await createApp(started.parts);
    await app.get(KeyRotationService).adoptAlgorithm();
    const setupLink = await app.get(SetupService).prepare();
    const { host, port } = config.get(HttpConfig);
    await app.listen({ host, port });
    stop = stopOnce(app, started, config);
    welcome(config, await app.getUrl(), setupLink);
    logger.info({ url: await app.getUrl() }, 'Ready');
  } catch (error) {
    await app?.close().catch(() => undefined);
    await started.database.close();
    throw error;
  }
}

/** Stops in order when called first, at once when called again. */
function stopOnce(
  app: NestFastifyApplication,
  started: Started,
  config: Config,
): (reason: string, exitCode: number) => void {
  const { logger } = started.parts;
  let since: number | undefined;
  return (reason, exitCode) => {
    if (since !== undefined) {
      if (performance.now() - since > sameSignalMs) process.exit(1);
      return;
    }
    since = performance.now();
    logger.info({ reason }, 'Stopping');
    void shutDown(app, started, config)
      .catch((error: unknown) => {
        logger.error({ err: error }, 'Stopping did not go well');
        exitCode = 1;
      })
      .then(() => logger.flush(() => process.exit(exitCode)));
  };
}

/** Readiness first, then connections, then what they stood on; at most the drain timeout. */
async function shutDown(
  app: NestFastifyApplication,
  { database }: Started,
  config: Config,
): Promise<void> {
  const { drainDelayMs, drainTimeoutMs } = config.get(HttpConfig);
  app.get(Drain).begin();
  await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
  // Closing ends connections that are idle now; those that still answer a request are idle after it.
  setInterval(() => app.getHttpServer().closeIdleConnections(), 100).unref();
  const late = new Promise((resolve) => setTimeout(resolve, drainTimeoutMs).unref());
  await Promise.race([app.close(), late]);
  await database.close();
}

/** npm that is killed tells nobody; without it the service would run on unseen. */
function stopWithNpm(stop: () => void): void {
  const before = npmProcess();
  setInterval(() => {
    if (npmProcess() !== before) stop();
  }, 500).unref();
}

/** Our parent; where /proc tells that it is the shell in which npm runs scripts, that one's. */
function npmProcess(): number {
  const parent = process.ppid;
  try {
    const status = readFileSync(`/proc/${parent}/stat`, 'utf8');
    const [, name = '', grandparent] = /^\d+ \((.*)\) \S (\d+)/.exec(status) ?? [];
    return /^(sh|dash|bash|ash|busybox)$/.test(name) ? Number(grandparent) : parent;
  } catch {
    return parent;
  }
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
  // With PORT=0 the port is known only now.
  const text = lines.join('\n').replaceAll('http://localhost:0/', `${url}/`);
  process.stderr.write(`${text}\n`);
}

main().catch((error: unknown) => {
  const explanation = explain(error);
  process.stderr.write(`${explanation ?? (error as Error)?.stack ?? String(error)}\n`);
  process.exit(1);
});

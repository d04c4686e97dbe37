import { type DynamicModule, type INestApplication, RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';

import { AppModule, type Parts } from './app.module.js';
import { serveDocs } from './features/docs/index.js';
import { HttpConfig, PerimeterConfig } from './platform/config/index.js';
import { AllowedMethods } from './platform/http/allowed-methods.js';
import { ClearText } from './platform/http/clear-text.js';
import { corsOptions } from './platform/http/cors.js';
import { Drain } from './platform/http/drain.js';
import { answerFrameworkError } from './platform/http/framework-error.js';
import { beginRequest, registerLifecycle } from './platform/http/lifecycle.js';
import { securityHeadersOf } from './platform/http/security-headers.js';
import { cutSlowReaders } from './platform/http/slow-readers.js';
import { serverOptions } from './platform/http/server-options.js';
import { EventLoop, Overload, shedLoad } from './platform/load/index.js';

/** Routes that live outside /api/v1, because probes, scrapers and standards expect them there. */
const unversioned = [
  'health/live',
  'health/ready',
  'health/startup',
  'metrics',
  'problems',
  'problems/:code',
  '.well-known/jwks.json',
  { path: 'setup', method: RequestMethod.GET },
  'setup/setup.js',
  'setup/setup.css',
  'account',
  'account/account.js',
];

/** Puts the API under /api/v1; for whoever builds an application out of {@link AppModule}. */
export function placeRoutes(app: INestApplication): void {
  app.setGlobalPrefix('api/v1', { exclude: unversioned });
}

/**
 * Builds the application without listening: used by main and the tests.
 * @param extraFeatures modules of a team that grows its own features, or of a test
 */
export async function createApp(
  parts: Parts,
  extraFeatures: DynamicModule['imports'] = [],
): Promise<NestFastifyApplication> {
  const { config, metrics, logger } = parts;
  const perimeter = config.get(PerimeterConfig);
  const headers = securityHeadersOf(config);
  const adapter = new FastifyAdapter({
    ...serverOptions(config.get(HttpConfig), perimeter, { headers, logger }),
    frameworkErrors: answerFrameworkError(headers),
    skipMiddie: true, // nothing here is Express middleware
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(parts, extraFeatures),
    adapter,
    { bodyParser: false, logger: false, abortOnError: false },
  );
  const clearText = new ClearText(config);
  const lifecycle = { logger, metrics, drain: app.get(Drain), headers, clearText };
  adapter.setOnRequestHook((request, reply, done) => beginRequest(lifecycle, request, reply, done));
  registerLifecycle(
    adapter.getInstance(),
    app.get(AllowedMethods),
    config.get(HttpConfig).handlerTimeoutMs,
    headers,
  );
  cutSlowReaders(adapter.getInstance().server, config.get(HttpConfig).receiveTimeoutMs);
  placeRoutes(app);
  if (perimeter.corsOrigins.length > 0) app.enableCors(corsOptions(perimeter));
  shedLoad(adapter.getInstance(), app.get(EventLoop), app.get(Overload));
  serveDocs(app);
  await app.init();
  await adapter.getInstance().ready();
  app.useLogger(app.get(Logger)); // from here on; before, Nest would list every route
  return app;
}

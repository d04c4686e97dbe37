import { randomBytes } from 'node:crypto';

import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { pino } from 'pino';

import { placeRoutes } from './app.js';
import { AppModule } from './app.module.js';
import { buildOpenApi } from './features/docs/index.js';
import { type Environment, loadConfig, ProcessConfig } from './platform/config/index.js';
import { MasterKey } from './platform/crypto/index.js';
import { DatabaseConnection } from './platform/database/index.js';
import { packageVersion } from './platform/installation/package-root.js';
import { Metrics } from './platform/telemetry/metrics.js';

/**
 * The document that the service serves at /openapi.json in this environment, without a service:
 * Nest's preview mode reads modules and controllers and makes none of them. Use the build: the
 * Swagger plugin, which reads comments and types, runs in `nest build` only.
 */
export async function previewDocument(environment: Environment): Promise<OpenAPIObject> {
  const config = loadConfig(environment);
  const app = await NestFactory.create(
    AppModule.with({
      config,
      connection: new DatabaseConnection('', null),
      masterKey: new MasterKey(randomBytes(32), 'the preview'),
      metrics: new Metrics(),
      logger: pino({ level: 'silent' }),
    }),
    new FastifyAdapter({ skipMiddie: true }),
    { preview: true, logger: false, abortOnError: false },
  );
  placeRoutes(app);
  const { publicUrl, environment: kind } = config.get(ProcessConfig);
  return buildOpenApi(app, { version: packageVersion(), url: publicUrl, environment: kind });
}

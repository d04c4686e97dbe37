import type { INestApplication } from '@nestjs/common';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

import { Installation } from '../../platform/installation/installation.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { buildOpenApi, type DescribedInstallation } from './openapi.js';

/** Serves Swagger UI at /docs and the document at /openapi.json; built when first asked for. */
export function serveDocs(app: INestApplication): void {
  let document: OpenAPIObject | undefined;
  const build = (): OpenAPIObject => (document ??= buildOpenApi(app, installationOf(app)));
  SwaggerModule.setup('docs', app, build, {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Gatehouse API',
    swaggerOptions: { persistAuthorization: false, displayRequestDuration: true },
  });
}

function installationOf(app: INestApplication): DescribedInstallation {
  const { publicUrl, environment } = app.get(ProcessConfig);
  return { version: app.get(Installation).version, url: publicUrl, environment };
}

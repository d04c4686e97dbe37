import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

import { accessCookie, BrowserSessionView } from '../browser/index.js';
import { headers } from './headers.js';
import { completeOperation } from './operations.js';
import { ProblemView } from './problem.view.js';
import { problemExamples } from './problem-examples.js';
import { operationId, routeRules } from './routes.js';
import { completeSchemas } from './schemas.js';
import { tags } from './tags.js';
import type { Operation } from './traits.js';

const description = `
Accounts, sign-in, sessions, roles, audit, health and metrics.

**Start here:** register with \`POST /api/v1/auth/register\`, sign in with
\`POST /api/v1/auth/login\`, press *Authorize* and paste the \`accessToken\` under *bearer*.

**Who may call** is said by each route. One without a padlock is public. What concerns the account
itself takes a session; where a permission is named, an API key with that scope does as well.
\`auth.step_up_required\` asks for a fresh proof: \`POST /api/v1/auth/step-up\`. Browsers sign in with
\`mode: "cookie"\`, and send \`X-CSRF-Token\` with every change.

**Errors** are problem documents (RFC 9457). \`code\` is stable, \`detail\` says what to do,
\`errors\` names each field; \`GET /problems\` lists all codes.

**Limits** are told by \`RateLimit\` and \`RateLimit-Policy\`; a 429 says when to come back.
`;

const bearer = {
  type: 'http' as const,
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description:
    'The `accessToken` of a sign-in: a JWT after RFC9068, issued and checked as RFC8725 demands.',
};

const apiKey = {
  type: 'http' as const,
  scheme: 'ApiKey',
  description: 'An API key (POST /api/v1/api-keys) for a program, within its scopes.',
};

const apiKeyHeader = {
  type: 'apiKey' as const,
  in: 'header',
  name: 'X-API-Key',
  description: 'The same, where a proxy needs `Authorization` for itself.',
};

const cookie = {
  type: 'apiKey' as const,
  in: 'cookie' as const,
  description:
    'For browsers: a sign-in with `mode: "cookie"` sets it and the cookie of the refresh token.',
};

const csrf = {
  type: 'apiKey' as const,
  in: 'header' as const,
  name: 'X-CSRF-Token',
  description:
    'With cookies, beside them on every change: `csrfToken` of a sign-in or of GET /api/v1/csrf-token.',
};

/** The installation that the document is about. */
export interface DescribedInstallation {
  version: string;
  url: string;
  environment: string;
}

/**
 * Builds the OpenAPI 3.1 document from controllers, DTOs and views, and completes it by rule with
 * what guards, pipes and filters do on every route.
 */
export function buildOpenApi(
  app: INestApplication,
  { version, url, environment }: DescribedInstallation,
): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Gatehouse')
    .setDescription(description.trim())
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth(bearer, 'bearer')
    .addSecurity('apiKey', apiKey)
    .addSecurity('apiKeyHeader', apiKeyHeader)
    .addCookieAuth(accessCookie, cookie, 'cookie')
    .addApiKey(csrf, 'csrf')
    .build();
  const document = SwaggerModule.createDocument(app, settings, {
    extraModels: [ProblemView, BrowserSessionView],
    operationIdFactory: operationId,
  });
  const rules = routeRules(app);
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item as Record<string, Operation>)) {
      completeOperation(path, method, operation, rules.get(operation.operationId ?? ''));
    }
  }
  completeSchemas(document);
  document.info.contact = { name: 'Gatehouse', url };
  const server = { url, description: `Environment: ${environment}`, 'x-internal': false };
  document.servers = [server];
  document.tags = tags.filter(({ name }) => isUsed(document, name));
  document.components = { ...document.components, headers, examples: problemExamples(document) };
  return document;
}

function isUsed({ paths }: OpenAPIObject, tag: string): boolean {
  return Object.values(paths).some((item) =>
    Object.values(item as Record<string, Operation>).some(({ tags }) => tags?.includes(tag)),
  );
}

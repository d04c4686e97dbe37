import { STATUS_CODES } from 'node:http';

import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

import { limitPolicies, type LimitPolicyName } from '../../catalogue/limits.js';
import { ProblemView } from './problem.view.js';

const description = `
Accounts, sign-in, sessions, roles, audit, health and metrics.

**Start here:** register with \`POST /api/v1/auth/register\`, sign in with
\`POST /api/v1/auth/login\`, press *Authorize* and paste the \`accessToken\`.

**Errors** are problem documents (RFC 9457). \`code\` is stable, \`detail\` says what to do,
\`errors\` names each field; \`GET /problems\` lists all codes.

**Limits** are told by \`RateLimit\` and \`RateLimit-Policy\`; a 429 says when to come back.
`;

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  'x-permission'?: string;
  'x-rate-limit'?: LimitPolicyName;
};

/** Builds the OpenAPI 3.1 document from controllers, DTOs and views, and adds what all share. */
export function buildOpenApi(
  app: INestApplication,
  version: string,
  server: string,
): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Gatehouse')
    .setDescription(description.trim())
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .setContact('Gatehouse', server, '')
    .addServer(server)
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }, 'bearer')
    .build();
  const document = SwaggerModule.createDocument(app, settings, {
    extraModels: [ProblemView],
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}.${method}`,
  });
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item as Record<string, Operation>)) {
      complete(path, method, operation);
    }
  }
  return document;
}

/** Adds the answers that guards, pipes and filters give on every route. */
function complete(path: string, method: string, operation: Operation): void {
  const [summary = '', ...rest] = (operation.summary ?? '').split('\n');
  operation.summary = summary;
  if (rest.length > 0) operation.description ??= rest.join('\n');
  operation.tags = [tagOf(path)];
  const secured = operation.security?.some((scheme) => 'bearer' in scheme) === true;
  const takesInput = operation.requestBody !== undefined || (operation.parameters?.length ?? 0) > 0;
  const statuses = [
    ...(takesInput || method === 'post' ? [400] : []),
    ...(secured || operation['x-rate-limit'] ? [401] : []),
    ...(operation['x-permission'] ? [403] : []),
    ...(path.includes('{') ? [404] : []),
    ...(method === 'get' ? [] : [409, 413, 415]),
    429,
    500,
    503,
  ];
  for (const status of statuses) {
    operation.responses[status] ??= problemResponse(status);
  }
  const policy = operation['x-rate-limit'] ?? (secured ? 'user' : 'anonymous');
  for (const response of Object.values(operation.responses)) {
    if (!response || '$ref' in response) continue;
    response.headers = { ...response.headers, ...sharedHeaders(policy) };
  }
}

function tagOf(path: string): string {
  const [first = 'service', second] = path.replace(/^\/(api\/v1\/)?/, '').split('/');
  if (first === 'auth') return second === 'sessions' ? 'sessions' : 'auth';
  return ['health', 'info', '.well-known', 'problems', 'setup'].includes(first) ? 'service' : first;
}

function problemResponse(status: number): Operation['responses'][string] {
  return {
    description: STATUS_CODES[status] ?? 'Error',
    content: {
      'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemView' } },
    },
  };
}

function sharedHeaders(policy: LimitPolicyName): Record<string, object> {
  const { quota, windowSeconds } = limitPolicies[policy];
  const text = (pattern: string, maxLength: number): object => ({
    type: 'string',
    pattern,
    maxLength,
  });
  return {
    'X-Request-Id': {
      description: 'Name of this request in the log.',
      schema: text('^[A-Za-z0-9._-]+$', 64),
    },
    RateLimit: {
      description: 'Requests left and seconds until the window is over.',
      schema: text('^".+";r=[0-9]+;t=[0-9]+$', 100),
      example: `"${policy}";r=${quota - 1};t=${windowSeconds}`,
    },
    'RateLimit-Policy': {
      description: 'Quota and window in seconds.',
      schema: text('^".+";q=[0-9]+;w=[0-9]+$', 100),
      example: `"${policy}";q=${quota};w=${windowSeconds}`,
    },
  };
}

import type { OpenAPIObject } from '@nestjs/swagger';

import { auditEvents } from '../../catalogue/audit-events.js';
import { errors } from '../../catalogue/errors.js';
import { limitPolicies, type LimitPolicy } from '../../catalogue/limits.js';
import { type MailDefinition, mails } from '../../catalogue/mails.js';
import { type MetricDefinition, metrics } from '../../catalogue/metrics.js';
import { builtInRoles, permissions } from '../../catalogue/permissions.js';
import { type DependencyLimit, dependencyLimits, routeClasses } from '../../catalogue/timeouts.js';
import { configurationReference, envExample } from '../../platform/config/env-example.js';
import type { Operation } from './traits.js';

/** Routes that serve people and scrapers rather than clients of the API. */
export const undocumentedRoutes = [
  ['GET /docs', 'Swagger UI'],
  ['GET /openapi.json', 'The OpenAPI 3.1 document'],
  ['GET /metrics', 'Metrics for Prometheus; see METRICS_TOKEN and METRICS_PORT'],
  ['GET /account', 'The page behind the links in mails, with /account/account.js'],
  ['GET /setup', 'The page behind the set-up link, with /setup/setup.js and /setup/setup.css'],
] as const;

/** Every generated file with its text, made from the catalogues and the OpenAPI document. */
export function referenceFiles(document: OpenAPIObject): Record<string, string> {
  return {
    '.env.example': envExample(),
    'docs/reference/configuration.md': configurationReference(),
    'docs/reference/errors.md': errorsPage(),
    'docs/reference/permissions.md': permissionsPage(),
    'docs/reference/audit-events.md': auditEventsPage(),
    'docs/reference/mails.md': mailsPage(),
    'docs/reference/metrics.md': metricsPage(),
    'docs/reference/limits.md': limitsPage(),
    'docs/reference/timeouts.md': timeoutsPage(document),
    'docs/reference/http.md': httpPage(document),
  };
}

function errorsPage(): string {
  const rows = Object.entries(errors).map(([code, { status, title, category, advice }]) => [
    codeText(code),
    String(status),
    title,
    category,
    advice,
  ]);
  return page(
    'Errors',
    'src/catalogue/errors.ts',
    'Every error is a problem document (RFC 9457) whose `code` is one of these.',
    table(['code', 'status', 'title', 'category', 'what to do'], rows),
  );
}

function permissionsPage(): string {
  const roles = Object.entries(builtInRoles);
  const rows = Object.entries(permissions).map(([name, meaning]) => [
    codeText(name),
    meaning,
    ...roles.map(([, role]) => (role.permissions.some((held) => held === name) ? 'yes' : '')),
  ]);
  const roleRows = roles.map(([name, { description }]) => [codeText(name), description]);
  return page(
    'Permissions',
    'src/catalogue/permissions.ts',
    'What a role can hold, and which built-in role holds it. Roles of your own hold what you choose.',
    table(['permission', 'lets its holder', ...roles.map(([name]) => codeText(name))], rows),
    '## Built-in roles',
    table(['role', 'meaning'], roleRows),
  );
}

function auditEventsPage(): string {
  const rows = Object.entries(auditEvents).map(([action, { category, description }]) => [
    codeText(action),
    category,
    description,
  ]);
  return page(
    'Audit events',
    'src/catalogue/audit-events.ts',
    'Everything the audit trail can say.',
    table(['action', 'category', 'meaning'], rows),
  );
}

function mailsPage(): string {
  const rows = Object.entries<MailDefinition>(mails).map(
    ([name, { description, perHour, example }]) => [
      codeText(name),
      description,
      String(perHour ?? ''),
      Object.keys(example).map(codeText).join(', '),
    ],
  );
  return page(
    'Mails',
    'src/catalogue/mails.ts',
    'Each is written in `templates/mail`, as `.txt` and `.html`; see [mail.md](../operations/mail.md).',
    table(
      ['mail', 'sent', 'an hour at most', 'what its templates get beside `service` and `home`'],
      rows,
    ),
  );
}

function metricsPage(): string {
  const rows = Object.entries<MetricDefinition>(metrics).map(([name, { kind, labels, help }]) => [
    codeText(name),
    kind,
    labels.map(codeText).join(', '),
    help,
  ]);
  return page(
    'Metrics',
    'src/catalogue/metrics.ts',
    'What `/metrics` shows beside the process metrics of Node.js.',
    table(['metric', 'kind', 'labels', 'meaning'], rows),
  );
}

function limitsPage(): string {
  const rows = Object.entries<LimitPolicy>(limitPolicies).map(
    ([name, { quota, windowSeconds, algorithm, burst = quota, per, description }]) => [
      codeText(name),
      `${quota} in ${windowSeconds} s`,
      algorithm === 'token-bucket' ? `token bucket of ${burst}` : 'sliding window',
      per,
      description,
    ],
  );
  return page(
    'Limits',
    'src/catalogue/limits.ts',
    'Each request is counted by one policy; [http.md](http.md) says which. `RATE_LIMIT_SCALE` multiplies every quota; administrators can change policies at run time ([rate-limits.md](../guides/rate-limits.md)).',
    table(['policy', 'requests', 'algorithm', 'counted by', 'for'], rows),
  );
}

function timeoutsPage(document: OpenAPIObject): string {
  const routes = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      address: codeText(`${method.toUpperCase()} ${path}`),
      routeClass: operation['x-route-class'] ?? 'usual',
    })),
  );
  const time = (limit: number | string): string =>
    typeof limit === 'number' ? `${limit / 1_000} s` : codeText(limit);
  const classRows = Object.entries(routeClasses).map(([name, { limit, description }]) => [
    codeText(name),
    time(limit),
    description,
    name === 'usual'
      ? ''
      : routes.flatMap((each) => (each.routeClass === name ? each.address : [])).join(', '),
  ]);
  const dependencyRows = Object.values<DependencyLimit>(dependencyLimits).map(
    ({ of, limit, then }) => [of, time(limit), then],
  );
  return page(
    'Time limits',
    'src/catalogue/timeouts.ts',
    'How long anything may take; [configuration.md](configuration.md) has the settings and their defaults.',
    '## Routes\n\nFrom the last byte of the request to the answer; then 504 `server.timeout`. What was begun goes on. The request itself has `HTTP_RECEIVE_TIMEOUT_MS` to arrive, and a connection on which nothing moves for the sum of both settings is cut.',
    table(['class', 'limit', 'for', 'routes'], classRows),
    '## Dependencies\n\nOutgoing calls have a limit each, from the look-up of the name to the last byte.',
    table(['of', 'limit', 'then'], dependencyRows),
  );
}

function httpPage(document: OpenAPIObject): string {
  const routes = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      address: codeText(`${method.toUpperCase()} ${path}`),
      operation,
    })),
  );
  const chapters = (document.tags ?? []).flatMap(({ name, description }) => [
    `## ${name}\n\n${description}`,
    table(
      ['route', 'access', 'limit', 'purpose'],
      routes
        .filter(({ operation }) => operation.tags?.includes(name))
        .map(({ address, operation }) => [
          address,
          accessOf(operation),
          operation['x-rate-limit'] ?? '',
          operation.summary ?? '',
        ]),
    ),
  ]);
  return page(
    'HTTP routes',
    'the OpenAPI document, which `/openapi.json` serves in full',
    'Limits are explained in [limits.md](limits.md), permissions in [permissions.md](permissions.md).',
    ...chapters,
    '## Outside of the document',
    table(
      ['route', 'purpose'],
      undocumentedRoutes.map(([address, purpose]) => [codeText(address), purpose]),
    ),
  );
}

function accessOf(operation: Operation): string {
  const stepUp = operation['x-step-up'] ? ', recently' : '';
  if (operation['x-permission']) return `${codeText(operation['x-permission'])}${stepUp}`;
  if (!operation.security?.length) return 'public';
  return `${operation['x-session-only'] ? 'signed in' : 'any credential'}${stepUp}`;
}

function page(title: string, source: string, intro: string, ...parts: string[]): string {
  const from = source.startsWith('src/') ? codeText(source) : source;
  const head = `# ${title}\n\nGenerated from ${from} by \`npm run docs:generate\`.`;
  return `${[head, intro, ...parts].join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function codeText(text: string): string {
  return `\`${text}\``;
}

import { builtInRoles, type Permission } from '../../src/catalogue/permissions.js';
import { buildOpenApi } from '../../src/features/docs/index.js';
import { type SignedIn, TestApp } from '../support/test-app.js';

interface Route {
  method: string;
  path: string;
  access: 'public' | 'identified' | Permission;
  /** API keys are refused. */
  sessionOnly: boolean;
}

const callers = ['anonymous', 'member', 'auditor', 'admin', 'api-key', 'signed-out'] as const;
type Caller = (typeof callers)[number];

/** What the key of an administrator may do. */
const scopes: readonly Permission[] = ['users.read', 'api_keys.manage'];

/** What the guards must answer: the document alone decides. `passes` is anything but 401 and 403. */
function expected(caller: Caller, { access, sessionOnly }: Route): 401 | 403 | 'passes' {
  if (access === 'public') return 'passes';
  if (caller === 'anonymous' || caller === 'signed-out') return 401;
  if (caller === 'api-key' && sessionOnly) return 403;
  if (access === 'identified') return 'passes';
  const held = caller === 'api-key' ? scopes : builtInRoles[caller].permissions;
  return (held as readonly Permission[]).includes(access) ? 'passes' : 403;
}

function routesOf(app: TestApp): Route[] {
  const document = buildOpenApi(app.app, { version: '0', url: 'http://x', environment: 'test' });
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Record<string, unknown>>).map(([method, operation]) => {
      const secured = (operation['security'] as object[]).some((scheme) => 'bearer' in scheme);
      const permission = operation['x-permission'] as Permission | undefined;
      const access = permission ?? (secured ? 'identified' : 'public');
      const sessionOnly = operation['x-session-only'] === true;
      return { method: method.toUpperCase(), path, access, sessionOnly };
    }),
  );
}

/** Signing out and deleting oneself would change who is calling; the flow tests call them. */
function endsTheCaller({ method, path }: Route): boolean {
  return path.includes('/auth/logout') || (method === 'DELETE' && path.endsWith('/users/me'));
}

describe('Every route, called by every kind of caller', () => {
  let app: TestApp;
  const credentials = {} as Record<Caller, string | undefined>;

  beforeAll(async () => {
    app = await TestApp.start();
    const auditor = await app.member();
    const users: Record<'member' | 'auditor' | 'admin' | 'signed-out', SignedIn> = {
      member: await app.member(),
      auditor,
      admin: await app.administrator(),
      'signed-out': await app.member(),
    };
    await app.call('PUT', `/api/v1/users/${auditor.id}/roles`, {
      token: users.admin.accessToken,
      body: { roles: ['auditor'] },
    });
    await app.call('POST', '/api/v1/auth/logout', { token: users['signed-out'].accessToken });
    for (const [caller, { accessToken }] of Object.entries(users))
      credentials[caller as Caller] = `Bearer ${accessToken}`;
    const made = { token: users.admin.accessToken, body: { name: 'Matrix', scopes } };
    const { key } = (await app.call('POST', '/api/v1/api-keys', made)).body as { key: string };
    credentials['api-key'] = `ApiKey ${key}`;
  });
  afterAll(() => app.close());

  it.each(callers)(
    '[AC-01][V8.2.1] %s is let in exactly where the document says',
    async (caller) => {
      const routes = routesOf(app);
      expect(routes.length).toBeGreaterThan(25);
      const surprises: string[] = [];
      for (const route of routes) {
        if (endsTheCaller(route) && expected(caller, route) === 'passes') continue;
        const path = route.path.replaceAll(/\{[^}]+\}/g, '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10');
        const authorization = credentials[caller];
        const mutating = route.method !== 'GET';
        const { status, body } = await app.call(route.method, path, {
          ...(authorization && { headers: { authorization } }),
          ...(mutating && { body: { 'no such field': true } }),
        });
        // A public route may say 401 for a wrong credential in the body, never for the caller.
        const refused =
          [401, 403].includes(status) &&
          /^(auth\.(required|invalid_token|session_required)|access)/.test(body.code);
        const seen = refused ? status : 'passes';
        if (seen !== expected(caller, route)) {
          surprises.push(
            `${route.method} ${route.path}: ${seen} instead of ${expected(caller, route)}`,
          );
        }
      }
      expect(surprises).toEqual([]);
    },
  );
});

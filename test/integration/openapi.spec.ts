import { type DynamicModule, Module } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import { limitPolicies } from '../../src/catalogue/limits.js';
import { BlocksRepository } from '../../src/features/blocks/blocks.repository.js';
import { UsageKeeper } from '../../src/features/limit-usage/usage-keeper.js';
import { undocumentedRoutes } from '../../src/features/docs/index.js';
import { textPattern } from '../../src/features/docs/schemas.js';
import { SetupService } from '../../src/features/setup/index.js';
import { hasForbiddenCharacters } from '../../src/platform/http/strict-json.js';
import { Authenticator } from '../support/authenticator.js';
import { OneTimeTokens } from '../../src/platform/one-time-tokens/index.js';
import { builtDocument } from '../support/built-document.js';
import { Contract } from '../support/contract.js';
import { type Answer, type Call, goodPassword, randomName, TestApp } from '../support/test-app.js';

const served = new Set<string>();

/** Writes down every route that Fastify learns. */
@Module({})
class RouteRecorder {
  constructor({ httpAdapter }: HttpAdapterHost) {
    (httpAdapter.getInstance() as FastifyInstance).addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) served.add(`${name} ${url.replace(/:(\w+)/g, '{$1}')}`);
    });
  }
}

/** Routes that are no GET and record nothing, and why. */
const changesNothing: Record<string, string> = {
  'Introspection.introspect': 'reads, as often as a service is called',
  'CspReports.report': 'keeps nothing but a count and a line of the log',
  'Addresses.resend': 'queues a job, which records [own-account.spec.ts]',
  'Passwords.forgot': 'queues a job, which records [own-account.spec.ts]',
};

/** A body for POST /auth/register, and with a token for POST /setup. */
function account(name = randomName()): Record<string, string> {
  const password = goodPassword;
  return { email: `${name}@example.com`, username: name, password, passwordConfirmation: password };
}

describe('The OpenAPI document', () => {
  let app: TestApp;
  let document: OpenAPIObject;
  let contract: Contract;

  beforeAll(async () => {
    document = await builtDocument({ NODE_ENV: 'test' });
    contract = new Contract(document);
    app = await TestApp.start({
      env: { CSP_REPORTS: 'on' },
      features: [RouteRecorder as unknown as DynamicModule],
    });
  });
  afterAll(() => app.close());

  const call = async (method: string, url: string, options: Call = {}): Promise<Answer> => {
    const answer = await app.call(method, url, options);
    contract.check(method, url, options.body, answer);
    return answer;
  };
  const status = async (...request: Parameters<typeof call>): Promise<number> =>
    (await call(...request)).status;

  it('[OP-02] describes exactly the routes that are served', () => {
    const documented = contract.operations.map(({ method, path }) => `${method} ${path}`);
    expect(documented.filter((route) => !served.has(route))).toEqual([]);
    const known = new Set([...documented, ...undocumentedRoutes.map(([route]) => route as string)]);
    const hidden = [...served].filter(
      (route) =>
        !known.has(route.replace(/^HEAD/, 'GET')) && !/^\S+ \/(docs|setup|account)\b/.test(route),
    );
    expect(hidden).toEqual([]);
    expect(documented.length).toBeGreaterThan(25);
  });

  it('[OP-02] is OpenAPI 3.1 and says of every route what it is, who may call it and how often', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(JSON.stringify(document)).not.toContain('"nullable"');
    const limits = [...Object.keys(limitPolicies), 'unlimited'];
    for (const item of Object.values(document.paths)) {
      for (const operation of Object.values(item as object)) {
        expect(operation).toMatchObject({
          operationId: expect.stringMatching(/^[A-Z][A-Za-z]+\.[a-zA-Z]+$/),
          summary: expect.stringMatching(/^[A-Z].{8,119}$/),
          description: expect.stringMatching(/Needs the permission|may call it/),
          tags: [expect.any(String)],
          security: expect.any(Array),
        });
        expect(limits).toContain((operation as Record<string, unknown>)['x-rate-limit']);
      }
    }
  });

  it('[OP-02] says of texts what the parsers enforce', () => {
    const allowed = new RegExp(textPattern, 'u');
    for (let code = 0; code < 0x300; code++) {
      const char = String.fromCodePoint(code);
      expect([code, allowed.test(char)]).toEqual([code, !hasForbiddenCharacters(char)]);
    }
  });

  it('[OP-02][ER-01] fits every answer of set-up and sign-in', async () => {
    const link = await app.app.get(SetupService).prepare();
    const token = link!.split('#')[1];
    const root = account();
    expect(await status('POST', '/api/v1/setup', { body: { ...root, token } })).toBe(201);
    expect(await status('POST', '/api/v1/setup', { body: { ...account(), token } })).toBe(404);

    const ada = account();
    const register = '/api/v1/auth/register';
    expect(await status('POST', register, { body: ada })).toBe(201);
    expect(await status('POST', register, { body: ada })).toBe(409);
    expect(await status('POST', register, { body: { ...account(), more: 1 } })).toBe(400);
    expect(await status('POST', register, { body: '{"email":' })).toBe(400);
    expect(await status('POST', register, { body: `"${'x'.repeat(300_000)}"` })).toBe(413);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await status('POST', register, { body: 'a=b', headers: form })).toBe(415);

    expect(await status('POST', '/api/v1/auth/demo')).toBe(200);

    const login = '/api/v1/auth/login';
    const right = { identifier: ada['username'], password: goodPassword };
    expect(await status('POST', login, { body: { ...right, password: 'wrong' } })).toBe(401);
    const tokens = await call('POST', login, { body: right });
    const refresh = '/api/v1/auth/refresh';
    const { refreshToken } = tokens.body as { refreshToken: string };
    const refreshed = await call('POST', refresh, { body: { refreshToken } });
    expect(refreshed.status).toBe(200);
    expect(await status('POST', refresh, { body: { refreshToken: 'x' } })).toBe(401);
    const { accessToken } = refreshed.body as { accessToken: string };
    expect(await status('POST', '/api/v1/auth/logout', { token: accessToken })).toBe(204);
    expect(await status('POST', '/api/v1/auth/logout', { token: accessToken })).toBe(401);
    expect(await status('POST', '/api/v1/auth/logout-all')).toBe(401);
  });

  it('[OP-02][ER-01] fits every answer about the second factor', async () => {
    const { accessToken: token, username: identifier } = await app.member();
    const mfa = '/api/v1/auth/mfa';
    const password = goodPassword;
    expect(await status('DELETE', `${mfa}/totp`, { token })).toBe(404);
    expect(await status('POST', `${mfa}/recovery-codes`, { token })).toBe(404);
    const begun = await call('POST', `${mfa}/totp`, { token });
    expect(begun.status).toBe(201);
    const authenticator = new Authenticator(begun.body.secret as string);
    const confirm = `${mfa}/totp/confirm`;
    expect(await status('POST', confirm, { token, body: { code: '000000' } })).toBe(401);
    const confirmed = await call('POST', confirm, {
      token,
      body: { code: authenticator.code(-1) },
    });
    expect(confirmed.status).toBe(200);
    expect(await status('POST', confirm, { token, body: { code: '000000' } })).toBe(409);
    expect(await status('POST', `${mfa}/totp`, { token })).toBe(409);
    expect(await status('GET', mfa, { token })).toBe(200);

    const asked = await call('POST', '/api/v1/auth/login', { body: { identifier, password } });
    expect(asked).toMatchObject({ status: 200, body: { mfaRequired: true } });
    const { mfaToken } = asked.body as { mfaToken: string };
    const verify = `${mfa}/verify`;
    expect(await status('POST', verify, { body: { mfaToken: 'x', code: '000000' } })).toBe(401);
    expect(await status('POST', verify, { body: { mfaToken, code: '000000' } })).toBe(401);
    const code = authenticator.code();
    expect(await status('POST', verify, { body: { mfaToken, code } })).toBe(200);

    const stepUp = '/api/v1/auth/step-up';
    expect(await status('POST', stepUp, { token, body: { password: 'wrong' } })).toBe(401);
    expect(await status('POST', stepUp, { token, body: { password } })).toBe(400);
    const [recovery] = confirmed.body.recoveryCodes as string[];
    const anew = await call('POST', stepUp, { token, body: { password, code: recovery } });
    expect(anew.status).toBe(200);
    const { accessToken } = anew.body as { accessToken: string };
    expect(await status('POST', `${mfa}/recovery-codes`, { token: accessToken })).toBe(200);
    expect(await status('DELETE', `${mfa}/totp`, { token: accessToken })).toBe(204);
  });

  it('[OP-02][ER-01] fits the answer to too many wrong passwords', async () => {
    const login = '/api/v1/auth/login';
    const body = { identifier: randomName(), password: 'wrong' };
    for (let n = 0; n < 7; n++) await call('POST', login, { body });
    expect(await status('POST', login, { body })).toBe(429);
  });

  it('[OP-02][ID-13][PE-05] fits every answer to a browser', async () => {
    const { username } = await app.member();
    const login = '/api/v1/auth/login';
    const body = { identifier: username, password: goodPassword, mode: 'cookie' };
    const signedIn = await call('POST', login, { body });
    const lines = signedIn.headers['set-cookie'] as unknown as string[];
    const cookie = lines.map((line) => line.split(';', 1)[0]).join('; ');
    const { csrfToken } = (await call('GET', '/api/v1/csrf-token', { headers: { cookie } })).body;
    const headers = { cookie, 'x-csrf-token': csrfToken as string };
    const foreign = { ...headers, 'sec-fetch-site': 'cross-site' };
    const refresh = '/api/v1/auth/refresh';
    expect(await status('POST', login, { body, headers: foreign })).toBe(403);
    expect(await status('POST', refresh, { body: {}, headers: { cookie } })).toBe(403);
    expect(await status('POST', refresh, { body: {}, headers })).toBe(200);
    expect(await status('POST', '/api/v1/auth/logout', { headers: { cookie } })).toBe(403);
    expect(await status('POST', '/api/v1/auth/logout', { headers })).toBe(204);
  });

  it('[ID-13][PE-05] says how browsers sign in, and what they send beside their cookies', () => {
    expect(document.components?.securitySchemes).toMatchObject({
      cookie: { type: 'apiKey', in: 'cookie', name: '__Host-gatehouse-access' },
      csrf: { type: 'apiKey', in: 'header', name: 'X-CSRF-Token' },
    });
    const me = document.paths['/api/v1/users/me']!;
    expect(me.get!.security).toContainEqual({ cookie: [] });
    expect(me.patch!.security).toContainEqual({ cookie: [], csrf: [] });
    expect(Object.keys(me.patch!.responses)).toContain('403');
    const { properties } = document.components!.schemas!['Login'] as {
      properties: Record<string, unknown>;
    };
    expect(properties['mode']).toMatchObject({ enum: ['bearer', 'cookie'] });
  });

  it('[OP-02][ER-01] fits every answer about accounts and sessions', async () => {
    const root = await app.administrator();
    const member = await app.member();
    const { accessToken: token } = root;
    const users = '/api/v1/users';

    expect(await status('GET', `${users}/me`, { token })).toBe(200);
    expect(await status('GET', `${users}/me`)).toBe(401);
    expect(await status('PATCH', `${users}/me`, { token, body: { displayName: 'Root' } })).toBe(
      200,
    );
    expect(await status('GET', `${users}?limit=1&sort=email`, { token })).toBe(200);
    expect(await status('GET', `${users}?limit=none`, { token })).toBe(400);
    expect(await status('GET', users, { token: member.accessToken })).toBe(403);
    const { passwordConfirmation: _, ...grace } = account();
    const created = await call('POST', users, { token, body: { ...grace, roles: ['member'] } });
    expect(created.status).toBe(201);
    expect(await status('POST', users, { token, body: grace })).toBe(409);
    const her = `${users}/${created.body.id}`;
    expect(await status('GET', her, { token })).toBe(200);
    expect(
      await status(
        'GET',
        `${users}/${root.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}`,
        { token },
      ),
    ).toBe(404);
    expect(await status('GET', `${users}/7`, { token })).toBe(400);
    expect(await status('PATCH', her, { token, body: { status: 'disabled' } })).toBe(200);
    const disabled = { token, body: { status: 'disabled' } };
    expect(await status('PATCH', `${users}/${root.id}`, disabled)).toBe(409);
    expect(await status('PATCH', her, { token, body: { status: null } })).toBe(400);
    expect(await status('PUT', `${her}/roles`, { token, body: { roles: ['auditor'] } })).toBe(200);
    expect(await status('PUT', `${her}/roles`, { token, body: { roles: ['nobody'] } })).toBe(400);

    const sessions = '/api/v1/auth/sessions';
    const own = await call('GET', sessions, { token });
    expect(await status('DELETE', `${sessions}/${member.id}`, { token })).toBe(404);
    expect(await status('DELETE', `${sessions}/${own.body.items[0].id}`, { token })).toBe(204);
    const { accessToken } = await app.signIn(root.id, root.username);
    expect(await status('POST', '/api/v1/auth/logout-all', { token: accessToken })).toBe(204);
  });

  it('[OP-02][ER-01] fits every answer about leaving', async () => {
    const { accessToken: token, id } = await app.administrator();
    const member = await app.member();
    const users = '/api/v1/users';
    const mine = { token: member.accessToken };
    expect(await status('GET', `${users}/me/export`, mine)).toBe(200);
    expect(await status('DELETE', `${users}/${id}`, mine)).toBe(403);
    expect(await status('DELETE', `${users}/${id}`, { token })).toBe(409);
    expect(await status('DELETE', `${users}/me`, mine)).toBe(204);
    expect(await status('DELETE', `${users}/me`, mine)).toBe(401);
    const other = await app.member();
    expect(await status('DELETE', `${users}/${other.id}`, { token })).toBe(204);
    const restored = await app.app.get(OneTimeTokens).issue('restore', { userId: member.id });
    expect(await status('POST', `${users}/restore`, { body: { token: restored } })).toBe(204);
    expect(await status('POST', `${users}/restore`, { body: { token: restored } })).toBe(404);
    const nobody = `${users}/0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10`;
    expect(await status('DELETE', nobody, { token })).toBe(404);
  });

  it('[OP-02][ER-01] fits every answer about API keys', async () => {
    const root = await app.administrator();
    const { accessToken: token } = root;
    const keys = '/api/v1/api-keys';
    const wanted = { name: 'Report', scopes: ['users.read'], requestsPerMinute: 60 };
    const expiresAt = new Date(Date.now() + 1e9).toISOString();
    const made = await call('POST', keys, { token, body: { ...wanted, expiresAt } });
    expect(made.status).toBe(201);
    expect(await status('POST', keys, { token, body: {} })).toBe(400);
    const member = await app.member();
    expect(await status('POST', keys, { token: member.accessToken, body: wanted })).toBe(403);
    const headers = { 'x-api-key': made.body.key as string };
    expect(await status('GET', '/api/v1/users/me', { headers })).toBe(200);
    expect(await status('GET', '/api/v1/roles', { headers })).toBe(403);
    expect(await status('GET', keys, { headers })).toBe(403);
    const own = `${keys}/${made.body.id}`;
    expect(await status('POST', `${own}/rotate`, { token, body: { overlapSeconds: 60 } })).toBe(
      200,
    );
    expect(await status('GET', keys, { token })).toBe(200);
    expect(await status('DELETE', own, { token })).toBe(204);
    expect(await status('DELETE', own, { token })).toBe(404);
    const another = await call('POST', keys, { token, body: { name: 'Other', scopes: [] } });
    const theirs = `/api/v1/users/${root.id}/api-keys`;
    expect(await status('GET', theirs, { token })).toBe(200);
    expect(await status('DELETE', `${theirs}/${another.body.id}`, { token })).toBe(204);
  });

  it('[OP-02][ER-01] fits every answer about the audit log', async () => {
    const { accessToken: token } = await app.administrator();
    const audit = '/api/v1/audit';
    const events = await app.audit();
    const proof = `${audit}/events/${events.at(-1)!['id'] as string}/proof`;
    expect(await status('GET', proof, { token })).toBe(200);
    expect(await status('GET', `${audit}/events/${uuidv7()}/proof`, { token })).toBe(404);
    expect(await status('GET', `${audit}/events/1/proof`, { token })).toBe(400);
    expect(await status('GET', `${audit}/checkpoint`, { token })).toBe(200);
    expect(await status('GET', `${audit}/checkpoint`)).toBe(401);
    expect(await status('GET', `${audit}/consistency?from=1`, { token })).toBe(200);
    expect(await status('GET', `${audit}/consistency?from=x`, { token })).toBe(400);
    expect(await status('GET', `${audit}/public-key`)).toBe(200);
  });

  it('[OP-02][ER-01] fits every answer about events of other services', async () => {
    const { accessToken: token } = await app.administrator();
    const events = '/api/v1/audit/events';
    const source = '/api/v1/audit/sources/billing';
    const body = { events: [{ id: '1', action: 'billing.invoice_paid', payload: { sum: 7 } }] };
    expect(await status('POST', events, { token, body })).toBe(200);
    expect(await status('POST', events, { token, body: { events: [] } })).toBe(400);
    expect(await status('GET', `${events}?action=billing.*`, { token })).toBe(200);
    const schema = { type: 'object', properties: { sum: { type: 'integer' } } };
    expect(await status('PUT', source, { token, body: { schema } })).toBe(200);
    expect(await status('PUT', source, { token, body: { schema: { $ref: '#' } } })).toBe(400);
    expect(await status('GET', source, { token })).toBe(200);
    expect(await status('GET', '/api/v1/audit/sources', { token })).toBe(200);
    expect(await status('DELETE', source, { token })).toBe(204);
    expect(await status('GET', source, { token })).toBe(404);
    expect(await status('DELETE', source, { token })).toBe(404);
  });

  it('[OP-02][ER-01] fits every answer about what happened', async () => {
    const { accessToken: token, id } = await app.administrator();
    const audit = '/api/v1/audit';
    expect(await status('GET', `${audit}/events?actor=${id}`, { token })).toBe(200);
    expect(await status('GET', `${audit}/events?limit=0`, { token })).toBe(400);
    const event = `${audit}/events/${(await app.audit()).at(-1)!['id'] as string}`;
    expect(await status('GET', event, { token })).toBe(200);
    expect(await status('GET', `${audit}/events/${uuidv7()}`, { token })).toBe(404);
    expect(await status('GET', `${audit}/export?action=users.*`, { token })).toBe(200);
    expect(await status('GET', `${audit}/export?format=csv`, { token })).toBe(200);
    expect(await status('GET', `${audit}/export?format=xml`, { token })).toBe(400);
    expect(await status('GET', `${audit}/timelines/users/${id}`, { token })).toBe(200);
    expect(await status('GET', `${audit}/timelines/addresses/127.0.0.1`, { token })).toBe(200);
    expect(await status('GET', `${audit}/timelines/addresses/x`, { token })).toBe(400);
    expect(await status('GET', `${audit}/timelines/requests/x`, { token })).toBe(200);
    expect(await status('GET', `${audit}/summary`, { token })).toBe(200);
    expect(await status('GET', `${audit}/summary?day=x`, { token })).toBe(400);
  });

  it('[OP-02][ER-01] fits every answer about tokens of others', async () => {
    const { accessToken: token } = await app.administrator();
    const member = await app.member();
    const introspect = '/api/v1/auth/introspect';
    expect(await status('POST', introspect, { token, body: { token } })).toBe(200);
    expect(await status('POST', introspect, { token, body: { token: 'x' } })).toBe(200);
    expect(await status('POST', introspect, { token, body: {} })).toBe(400);
    const denied = { token: member.accessToken, body: { token } };
    expect(await status('POST', introspect, denied)).toBe(403);
    const body = { token: member.refreshToken };
    expect(await status('POST', '/api/v1/auth/revoke', { body })).toBe(200);
    expect(await status('POST', '/api/v1/auth/revoke', { body: {} })).toBe(400);
  });

  it('[OP-02][ER-01] fits every answer about roles', async () => {
    const { accessToken: token, id } = await app.administrator();
    const member = await app.member();
    const roles = '/api/v1/roles';
    const support = { name: 'support', description: 'Helps', permissions: ['users.read'] };

    expect(await status('GET', '/api/v1/permissions', { token })).toBe(200);
    expect(await status('POST', roles, { token, body: support })).toBe(201);
    expect(await status('POST', roles, { token, body: support })).toBe(409);
    expect(await status('POST', roles, { token: member.accessToken, body: support })).toBe(403);
    expect(await status('GET', roles, { token })).toBe(200);
    const role = `${roles}/support`;
    expect(await status('GET', role, { token })).toBe(200);
    expect(await status('GET', `${roles}/none`, { token })).toBe(404);
    expect(await status('PATCH', role, { token, body: { permissions: [] } })).toBe(200);
    expect(await status('PATCH', role, { token, body: { description: null } })).toBe(400);
    expect(await status('PATCH', `${roles}/admin`, { token, body: {} })).toBe(409);
    const holds = { token, body: { roles: ['support'] } };
    await call('PUT', `/api/v1/users/${member.id}/roles`, holds);
    await call('PATCH', role, { token, body: { permissions: ['users.update'] } });
    const aboveThem = { token: member.accessToken, body: { displayName: 'Lower' } };
    expect(await status('PATCH', `/api/v1/users/${id}`, aboveThem)).toBe(403);
    expect(await status('DELETE', role, { token })).toBe(409);
    await call('PUT', `/api/v1/users/${member.id}/roles`, { token, body: { roles: [] } });
    expect(await status('DELETE', role, { token })).toBe(204);
  });

  it('[OP-02][ER-01] fits the answers about the service, and those of limits', async () => {
    const headers = { 'content-type': 'application/csp-report' };
    const reports = '/api/v1/csp-reports';
    expect(await status('POST', reports, { body: { 'csp-report': {} }, headers })).toBe(204);
    expect(await status('POST', reports, { body: {}, headers })).toBe(400);
    for (const path of ['/health/live', '/health/startup', '/health/ready', '/problems']) {
      expect(await status('GET', path)).toBe(200);
    }
    for (const path of ['/api/v1/health', '/api/v1/info', '/.well-known/jwks.json']) {
      expect(await status('GET', path)).toBe(200);
    }
    expect(await status('GET', '/problems/access.denied')).toBe(200);
    expect(await status('GET', '/problems/none')).toBe(404);

    const env = { RATE_LIMIT_SCALE: '0.01' };
    const strict = await TestApp.start({ database: app.database, masterKey: app.masterKey, env });
    const url = '/api/v1/auth/login';
    const body = { identifier: 'nobody', password: 'x' };
    const answers = [await strict.post(url, body), await strict.post(url, body)];
    for (const answer of answers) contract.check('POST', url, body, answer);
    expect(answers.map((answer) => answer.status)).toEqual([401, 429]);
    await strict.close();
  });

  it('[OP-02][ER-01] fits every answer about addresses, passwords and invitations', async () => {
    const user = await app.member();
    const { accessToken: token } = user;
    const auth = '/api/v1/auth';
    const email = user.email;
    const passwords = { password: goodPassword, passwordConfirmation: goodPassword };
    const tokens = app.app.get(OneTimeTokens);
    const made = { userId: user.id, data: { email } };
    const confirm = await tokens.issue('confirm_address', made);
    const verify = (spent: string): Promise<number> =>
      status('POST', `${auth}/email/verify`, { body: { token: spent } });
    expect([await verify(confirm), await verify(confirm)]).toEqual([204, 403]);
    expect(await status('POST', `${auth}/email/resend`, { body: { email } })).toBe(202);
    expect(await status('POST', `${auth}/email/change`, { token, body: { email } })).toBe(202);
    const change = { currentPassword: goodPassword, ...passwords };
    const wrong = { ...change, currentPassword: 'wrong' };
    expect(await status('POST', `${auth}/password/change`, { token, body: wrong })).toBe(403);
    expect(await status('POST', `${auth}/password/change`, { token, body: change })).toBe(204);
    expect(await status('POST', `${auth}/password/forgot`, { body: { email } })).toBe(202);
    const reset = await tokens.issue('reset_password', made);
    const set = { token: reset, ...passwords };
    expect(await status('POST', `${auth}/password/reset`, { body: set })).toBe(204);
    expect(await status('POST', `${auth}/password/reset`, { body: set })).toBe(403);
    const administrator = (await app.administrator()).accessToken;
    const invitations = '/api/v1/invitations';
    const invite = { token: administrator, body: { email: 'guest@example.com' } };
    const { body } = await call('POST', invitations, invite);
    expect(await status('GET', invitations, { token: administrator })).toBe(200);
    const one = `${invitations}/${body.id}`;
    expect(await status('DELETE', one, { token: administrator })).toBe(204);
    expect(await status('DELETE', one, { token: administrator })).toBe(404);
  });

  it('[OP-02][ER-01] fits every answer about rate limits', async () => {
    const { accessToken: token } = await app.administrator();
    const policies = '/api/v1/rate-limits/policies';
    expect(await status('GET', policies, { token })).toBe(200);
    const change = (name: string, quota: unknown): Promise<number> =>
      status('PATCH', `${policies}/${name}`, { token, body: { quota } });
    expect(await change('messages', 21)).toBe(200);
    expect(await change('messages', null)).toBe(200);
    expect(await change('messages', 0)).toBe(400);
    expect(await change('none', 1)).toBe(404);
    expect(await change('administration', 1)).toBe(409);

    const blocks = '/api/v1/rate-limits/blocks';
    const network = { kind: 'network', id: '2001:db8:1:2::/64', userId: null } as const;
    await app.app.get(BlocksRepository).impose([{ subject: network, policy: 'auth' }]);
    const one = `${blocks}/${encodeURIComponent('2001:db8:1:2::/64')}`;
    expect(await status('GET', blocks, { token })).toBe(200);
    expect(await status('GET', one, { token })).toBe(200);
    expect(await status('GET', `${blocks}/nobody`, { token })).toBe(400);
    expect(await status('DELETE', one, { token })).toBe(204);
    expect(await status('DELETE', one, { token })).toBe(404);

    const usage = '/api/v1/rate-limits/usage';
    await app.app.get(UsageKeeper).flush();
    for (const by of ['policy', 'route', 'caller']) {
      expect(await status('GET', `${usage}?by=${by}`, { token })).toBe(200);
      expect(await status('GET', `${usage}?by=${by}&format=csv`, { token })).toBe(200);
    }
    expect(await status('GET', `${usage}?by=none`, { token })).toBe(400);
  });

  it('[OP-02][PE-07][ER-01] fits every answer about files', async () => {
    const { accessToken: token } = await app.member();
    const files = '/api/v1/files';
    const upload = (name: string): Promise<Answer> => {
      const headers = { 'content-type': 'multipart/form-data; boundary=b' };
      const part = `Content-Disposition: form-data; name="file"; filename="${name}"`;
      return call('POST', files, {
        token,
        headers,
        body: `--b\r\n${part}\r\n\r\ntext\r\n--b--\r\n`,
      });
    };
    const { body } = await upload('a.txt');
    expect((await upload('a.exe')).status).toBe(415);
    expect((await upload('')).status).toBe(400);
    expect(await status('GET', files, { token })).toBe(200);
    expect(await status('GET', `${files}/${body.id}`, { token })).toBe(200);
    expect(await status('GET', `${files}/${body.id}/metadata`, { token })).toBe(200);
    expect(await status('DELETE', `${files}/${body.id}`, { token })).toBe(204);
    for (const path of [`${files}/${body.id}`, `${files}/${body.id}/metadata`]) {
      expect(await status('GET', path, { token })).toBe(404);
    }
    expect(await status('DELETE', `${files}/${body.id}`, { token })).toBe(404);
  });

  it('[OP-02][ER-01] was held against at least one good answer of every route', () => {
    const without = contract.operations.filter(
      ({ id }) => ![...(contract.seen.get(id) ?? [])].some((seen) => seen < 300),
    );
    expect(without).toEqual([]);
  });

  it('[AU-01] every route that changes something leaves an event in the audit trail', async () => {
    const events = await app.database.superuser.query<{ request_id: string }>(
      'SELECT request_id FROM audit_events',
    );
    const audited = new Set(events.rows.map(({ request_id: id }) => id));
    const silent = contract.operations
      .filter(({ id, method }) => method !== 'GET' && !(id in changesNothing))
      .filter(({ id }) => !contract.done.get(id)?.some((request) => audited.has(request)));
    expect(silent.map(({ id }) => id)).toEqual([]);
    const ids = contract.operations.map(({ id }) => id);
    expect(Object.keys(changesNothing).filter((id) => !ids.includes(id))).toEqual([]);
  });
});

import { Caches } from '../../../src/platform/cache/index.js';
import { eventually } from '../../support/processes.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';

describe('Roles', () => {
  let app: TestApp;
  let admin: SignedIn;

  beforeEach(async () => {
    app = await TestApp.start();
    admin = await app.administrator();
  });
  afterEach(() => app.close());

  const asAdmin = (method: string, url: string, body?: unknown): ReturnType<TestApp['call']> =>
    app.call(method, url, { token: admin.accessToken, body });
  const assign = (user: SignedIn, roles: string[], by = admin): ReturnType<TestApp['call']> =>
    app.call('PUT', `/api/v1/users/${user.id}/roles`, { token: by.accessToken, body: { roles } });

  it('[AC-01] a custom role: created, given, changed and deleted', async () => {
    const role = { name: 'support', description: 'Helps users', permissions: ['users.read'] };
    expect(await asAdmin('POST', '/api/v1/roles', role)).toMatchObject({
      status: 201,
      body: { ...role, builtIn: false },
    });
    expect((await asAdmin('POST', '/api/v1/roles', role)).body.code).toBe('roles.name_taken');
    const user = await app.member();
    const list = async (): Promise<number> =>
      (await app.get('/api/v1/users', { token: user.accessToken })).status;
    expect(await list()).toBe(403);
    await assign(user, ['member', 'support']);
    expect(await list()).toBe(200);
    expect(
      (await asAdmin('PATCH', '/api/v1/roles/support', { permissions: [] })).body.permissions,
    ).toEqual([]);
    expect(await list()).toBe(403);
    expect((await asAdmin('DELETE', '/api/v1/roles/support')).body.code).toBe('roles.in_use');
    await assign(user, ['member']);
    expect((await asAdmin('DELETE', '/api/v1/roles/support')).status).toBe(204);
    expect((await asAdmin('GET', '/api/v1/roles/support')).status).toBe(404);
    expect((await app.audit()).map((event) => event['action'])).toEqual(
      expect.arrayContaining([
        'roles.created',
        'roles.updated',
        'roles.deleted',
        'users.roles_changed',
      ]),
    );
  });

  it('[AC-01][V7.5.1] what a role holds is changed after a recent sign-in only', async () => {
    const role = { name: 'support', description: 'Helps users', permissions: ['users.read'] };
    expect((await asAdmin('POST', '/api/v1/roles', role)).status).toBe(201);
    await eventually(() => expect(app.app.get(Caches).hearing).toBe(true));
    await app.database.superuser.query(
      `UPDATE sessions SET created_at = created_at - interval '11 minutes' WHERE user_id = $1`,
      [admin.id],
    );
    await app.database.superuser.query(
      `SELECT pg_notify('gatehouse_invalidate', '["user:${admin.id}"]')`,
    );
    const code = async (method: string, url: string, body?: object): Promise<unknown> =>
      (await asAdmin(method, `/api/v1/${url}`, body)).body.code;
    await eventually(async () => {
      expect(await code('POST', 'roles', { ...role, name: 'other' })).toBe('auth.step_up_required');
    });
    for (const [method, url, body] of [
      ['PATCH', 'roles/support', { permissions: ['users.read', 'users.update'] }],
      ['DELETE', 'roles/support', undefined],
    ] as const) {
      expect([url, await code(method, url, body)]).toEqual([url, 'auth.step_up_required']);
    }
    for (const [method, url, body] of [
      ['PATCH', 'roles/support', { description: 'Helps everybody' }],
      ['POST', 'roles', { ...role, name: 'nothing', permissions: [] }],
    ] as const) {
      expect([url, await code(method, url, body)]).toEqual([url, undefined]);
    }
  });

  it('[AC-01] a description changes alone and leaves the permissions', async () => {
    await asAdmin('POST', '/api/v1/roles', {
      name: 'support',
      description: 'x',
      permissions: ['users.read'],
    });
    const changed = await asAdmin('PATCH', '/api/v1/roles/support', { description: 'Helps' });
    expect(changed.body).toMatchObject({ description: 'Helps', permissions: ['users.read'] });
  });

  it('[AC-01] built-in roles stay as they are', async () => {
    for (const name of ['admin', 'auditor', 'member']) {
      expect((await asAdmin('PATCH', `/api/v1/roles/${name}`, { permissions: [] })).body.code).toBe(
        'roles.built_in',
      );
      expect((await asAdmin('DELETE', `/api/v1/roles/${name}`)).body.code).toBe('roles.built_in');
    }
    const { body } = await asAdmin('GET', '/api/v1/roles');
    expect((body.items as { name: string }[]).map(({ name }) => name)).toEqual([
      'admin',
      'auditor',
      'member',
    ]);
    const names = (await asAdmin('GET', '/api/v1/permissions')).body.items as { name: string }[];
    expect(names.map(({ name }) => name)).toEqual(body.items[0].permissions);
  });

  it('[AC-01] nobody grants, changes or takes what they do not hold', async () => {
    await asAdmin('POST', '/api/v1/roles', {
      name: 'manager',
      description: 'Manages roles',
      permissions: ['roles.manage', 'roles.read', 'users.assign_roles'],
    });
    const manager = await app.member();
    await assign(manager, ['manager']);
    const as = (method: string, url: string, body?: unknown): ReturnType<TestApp['call']> =>
      app.call(method, url, { token: manager.accessToken, body });
    const tries = [
      await as('POST', '/api/v1/roles', {
        name: 'super',
        description: 'x',
        permissions: ['users.update'],
      }),
      await as('PATCH', '/api/v1/roles/manager', { permissions: ['users.read'] }),
      await assign(manager, ['admin'], manager),
      await assign(admin, [], manager),
    ];
    expect(tries.map(({ status, body }) => [status, body.code])).toEqual(
      tries.map(() => [403, 'roles.grant_exceeds_own']),
    );
    await asAdmin('POST', '/api/v1/roles', {
      name: 'reader',
      description: 'x',
      permissions: ['users.read'],
    });
    expect((await as('DELETE', '/api/v1/roles/reader')).status).toBe(403);
    expect((await assign(manager, ['member', 'manager'], manager)).status).toBe(200);
    expect((await app.audit('roles.grant_refused')).length).toBe(5);
  });

  it('[AC-01] nobody manages a user who holds more', async () => {
    await asAdmin('POST', '/api/v1/roles', {
      name: 'desk',
      description: 'Changes users',
      permissions: ['users.update'],
    });
    const desk = await app.member();
    const member = await app.member();
    await assign(desk, ['desk']);
    const disable = (id: string): ReturnType<TestApp['call']> =>
      app.call('PATCH', `/api/v1/users/${id}`, {
        token: desk.accessToken,
        body: { status: 'disabled' },
      });
    expect((await disable(admin.id)).body.code).toBe('users.outranks_you');
    expect((await disable(member.id)).status).toBe(200);
  });

  it('[AC-01][V8.3.2][V15.4.2] rights taken away while a grant waits do not grant any more', async () => {
    const second = await app.administrator();
    const accomplice = await app.member();
    const blocker = app.database.superuser;
    await blocker.query('BEGIN');
    await blocker.query(
      `SELECT pg_advisory_xact_lock(hashtextextended('gatehouse:administrators', 0))`,
    );
    const demotion = assign(second, ['member'], admin);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const grant = assign(accomplice, ['admin'], second);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await blocker.query('COMMIT');
    expect((await demotion).status).toBe(200);
    expect((await grant).status).toBe(403);
  });

  it('[AC-01] the last administrator stays', async () => {
    expect((await assign(admin, ['member'])).body.code).toBe('users.last_administrator');
    const own = await asAdmin('PATCH', `/api/v1/users/${admin.id}`, { status: 'disabled' });
    expect(own.body.code).toBe('users.own_status');
  });

  it('[AC-01][V2.3.4][V15.4.2] two administrators who remove each other at once: one stays', async () => {
    for (let round = 0; round < 10; round++) {
      const other = await app.administrator();
      const [one, two] = await Promise.all([
        assign(other, ['member'], admin),
        assign(admin, ['member'], other),
      ]);
      const { rows } = await app.database.superuser.query<{ user_id: string }>(
        `SELECT user_id FROM user_roles WHERE role_name = 'admin'`,
      );
      expect(rows).toHaveLength(1);
      expect([one.status, two.status].sort()).toEqual([200, expect.any(Number)]);
      if (rows[0]!.user_id === other.id) admin = other;
    }
  });

  it('[AC-01][AU-01] a refusal names the permission and is an audit event', async () => {
    const user = await app.member();
    const denied = await app.get('/api/v1/roles', { token: user.accessToken });
    expect(denied).toMatchObject({ status: 403, body: { code: 'access.denied' } });
    expect(denied.body.detail).toContain('roles.read');
    expect((await app.audit('access.denied')).at(-1)).toMatchObject({
      actor_id: user.id,
      outcome: 'failure',
      payload: { permission: 'roles.read', method: 'GET', route: '/api/v1/roles' },
    });
  });

  it.each([
    [{ name: 'A', description: 'x', permissions: [] }, '/name'],
    [{ name: 'ok', description: '', permissions: [] }, '/description'],
    [{ name: 'ok', description: 'x', permissions: ['no.such'] }, '/permissions'],
    [{ name: 'ok', description: 'x', permissions: 'users.read' }, '/permissions'],
    [{ name: 'ok', description: 'x', permissions: ['users.read', 'users.read'] }, '/permissions'],
  ])('[PE-06] %j is refused at %s', async (body, pointer) => {
    const answer = await asAdmin('POST', '/api/v1/roles', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].pointer).toBe(pointer);
  });
});

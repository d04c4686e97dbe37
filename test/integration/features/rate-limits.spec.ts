import { LimitPoliciesRepository } from '../../../src/features/rate-limits/limit-policies.repository.js';
import { eventually } from '../../support/processes.js';
import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';
import { expectProblem } from '../../security/support/problem.js';

const policies = '/api/v1/rate-limits/policies';

describe('Rate limits at run time', () => {
  let app: TestApp;
  let other: TestApp;
  let admin: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start({ env: { RATE_LIMIT_SCALE: '10' } });
    const { database, masterKey } = app;
    other = await TestApp.start({ database, masterKey, env: { RATE_LIMIT_SCALE: '10' } });
    admin = await app.administrator();
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });

  const change = (name: string, body: unknown, token = admin.accessToken): Promise<Answer> =>
    app.call('PATCH', `${policies}/${name}`, { token, body });
  const list = async (): Promise<Record<string, Record<string, unknown>>> => {
    const { body } = await app.get(policies, { token: admin.accessToken });
    const items = body.items as { name: string }[];
    return Object.fromEntries(items.map((item) => [item.name, item]));
  };
  const policyOn = async (at: TestApp): Promise<string> =>
    (await at.get('/api/v1/info')).headers['ratelimit-policy']!;

  it('[PE-01] lists every policy as it is in force and as the release would have it', async () => {
    const all = await list();
    expect(all['auth']).toEqual({
      name: 'auth',
      description: expect.stringMatching(/credential/) as unknown,
      per: 'address',
      quota: 5,
      windowSeconds: 900,
      algorithm: 'sliding-window',
      burst: null,
      changeable: true,
      default: { quota: 5, windowSeconds: 900, algorithm: 'sliding-window', burst: null },
      changedAt: null,
    });
    expect(all['api-key']).toMatchObject({ algorithm: 'token-bucket', quota: 500, burst: 500 });
    expect(all['administration']).toMatchObject({ changeable: false });
  });

  it('[PE-01] changes one on every instance within a second, and gives back the default', async () => {
    const changed = await change('anonymous', { quota: 7, windowSeconds: 30 });
    expect(changed).toMatchObject({
      status: 200,
      body: { quota: 7, windowSeconds: 30, default: { quota: 100 }, changedAt: expect.any(String) },
    });
    expect(await policyOn(app)).toBe('"anonymous";q=70;w=30');
    await eventually(
      async () => expect(await policyOn(other)).toBe('"anonymous";q=70;w=30'),
      2_500,
    );
    const { database, masterKey } = app;
    const started = await TestApp.start({ database, masterKey, env: { RATE_LIMIT_SCALE: '1' } });
    expect(await policyOn(started)).toBe('"anonymous";q=7;w=30');
    await started.close();

    expect((await change('anonymous', { quota: null })).body).toMatchObject({ quota: 100 });
    expect(await policyOn(app)).toBe('"anonymous";q=1000;w=30');
    const restored = await change('anonymous', { windowSeconds: null });
    expect(restored.body).toMatchObject({ windowSeconds: 60, changedAt: null });
    expect(await policyOn(app)).toBe('"anonymous";q=1000;w=60');
    await eventually(
      async () => expect(await policyOn(other)).toBe('"anonymous";q=1000;w=60'),
      2_500,
    );
  });

  it('[PE-01] records who changed what, before and after, and nothing when nothing changed', async () => {
    const before = (await app.audit('limits.changed')).length;
    await change('export', { algorithm: 'token-bucket', burst: 3 });
    await change('export', { burst: 3 });
    await change('export', {});
    await change('export', { algorithm: null, burst: null });
    const events = (await app.audit('limits.changed')).slice(before);
    expect(events).toMatchObject([
      {
        actor_id: admin.id,
        target_kind: 'limit',
        target_id: 'export',
        payload: {
          changes: {
            algorithm: { before: 'sliding-window', after: 'token-bucket' },
            burst: { before: null, after: 3 },
          },
        },
      },
      {
        payload: {
          changes: {
            algorithm: { before: 'token-bucket', after: 'sliding-window' },
            burst: { before: 3, after: null },
          },
        },
      },
    ]);
  });

  it('[PE-01] lets sixteen change one at once, each on the result of the one before', async () => {
    const fields = ['quota', 'windowSeconds'] as const;
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        change('revocation', { [fields[index % 2]!]: 100 + index }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    const { quota, windowSeconds, changedAt } = (await list())['revocation']!;
    expect([Number(quota) >= 100, Number(windowSeconds) >= 100]).toEqual([true, true]);
    expect(changedAt).not.toBeNull();
    await change('revocation', { quota: null, windowSeconds: null });
  });

  it('[PE-01][V2.2.1] refuses what is no limit, and what may not be changed', async () => {
    for (const body of [
      { quota: 0 },
      { quota: 1_000_001 },
      { quota: '5' },
      { quota: 1.5 },
      { windowSeconds: 0 },
      { windowSeconds: 43_201 },
      { algorithm: 'none' },
      { burst: 0 },
      { burst: 11, quota: 10 },
      { per: 'address' },
    ]) {
      expect([body, (await change('users', body)).body.code]).toEqual([body, 'validation.failed']);
    }
    expectProblem(await change('nothing', { quota: 1 }), 'limits.not_found');
    expectProblem(await change('__proto__', { quota: 1 }), 'limits.not_found');
    expectProblem(await change('administration', { quota: 1 }), 'limits.fixed');
  });

  it('[PE-01][V8.2.1] is for administrators who signed in lately; auditors look', async () => {
    const member = await app.member();
    const { accessToken: token } = member;
    expectProblem(await app.get(policies, { token }), 'access.denied');
    expectProblem(await change('user', { quota: 1 }, token), 'access.denied');
    await app.call('PUT', `/api/v1/users/${member.id}/roles`, {
      token: admin.accessToken,
      body: { roles: ['auditor'] },
    });
    expect((await app.get(policies, { token })).status).toBe(200);
    expectProblem(await change('user', { quota: 1 }, token), 'access.denied');
    await app.database.superuser.query(
      `UPDATE sessions SET created_at = now() - interval '11 minutes' WHERE user_id = $1`,
      [admin.id],
    );
    await app.database.superuser.query(`SELECT pg_notify('gatehouse_invalidate', $1)`, [
      JSON.stringify([`user:${admin.id}`]),
    ]);
    await eventually(async () =>
      expectProblem(await change('user', { quota: 1 }), 'auth.step_up_required'),
    );
    admin = await app.signIn(admin.id, admin.username);
  });

  it('[PE-01] cannot be shut: who set the quota of all to one still sets it back', async () => {
    await change('user', { quota: 1, windowSeconds: 43_200 });
    const me = (): Promise<Answer> => app.get('/api/v1/users/me', { token: admin.accessToken });
    for (let hits = 0; hits < 11; hits++) await me();
    expectProblem(await me(), 'throttling.limit_exceeded');
    expect((await change('user', { quota: null, windowSeconds: null })).status).toBe(200);
    expect((await me()).status).toBe(200);
  });

  it('[PE-01] asks the database for no request', async () => {
    const reads = jest.spyOn(app.app.get(LimitPoliciesRepository), 'all');
    for (let hits = 0; hits < 50; hits++) await app.get('/api/v1/info');
    expect(reads).not.toHaveBeenCalled();
  });

  it('[PE-01][PE-05] gives each kind of route its policy', async () => {
    const { accessToken: token } = admin;
    const policy = async (method: string, url: string): Promise<string> =>
      (await app.call(method, url, { token })).headers['ratelimit-policy']!;
    expect(await policy('GET', '/api/v1/users')).toBe('"users";q=300;w=60');
    expect(await policy('GET', '/api/v1/users/me')).toBe('"user";q=5000;w=60');
    expect(await policy('PUT', `/api/v1/users/${admin.id}/roles`)).toBe('"users";q=300;w=60');
    expect(await policy('POST', '/api/v1/invitations')).toBe('"messages";q=200;w=60');
    expect(await policy('GET', '/api/v1/invitations')).toBe('"user";q=5000;w=60');
    expect(await policy('POST', '/api/v1/auth/email/change')).toBe('"messages";q=200;w=60');
    expect(await policy('POST', '/api/v1/auth/refresh')).toBe('"refresh";q=3000;w=60');
    expect(await policy('GET', policies)).toBe('"administration";q=600;w=60');
  });
});

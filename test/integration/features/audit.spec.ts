import { AuditService } from '../../../src/features/audit/index.js';
import { Database } from '../../../src/platform/database/index.js';
import { TestApp } from '../../support/test-app.js';

describe('The audit trail', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('[AU-01] tells who, what, from where and under which request', async () => {
    const user = await app.member();
    await app.call('PATCH', '/api/v1/users/me', {
      token: user.accessToken,
      body: { displayName: 'Ada' },
      headers: { 'x-request-id': 'request-0001', 'user-agent': 'curl/8' },
    });
    expect((await app.audit('users.updated')).at(-1)).toMatchObject({
      actor_kind: 'user',
      actor_id: user.id,
      target_kind: 'user',
      target_id: user.id,
      address: '127.0.0.1',
      user_agent: 'curl/8',
      request_id: 'request-0001',
      outcome: 'success',
      category: 'account',
    });
  });

  it('[AU-01][AC-02] tells which API key acted, and none when its owner did', async () => {
    const root = await app.administrator();
    const token = root.accessToken;
    const request = { name: 'Report', scopes: ['users.read'] };
    const { body } = await app.post('/api/v1/api-keys', request, { token });
    const headers = { 'x-api-key': (body as { key: string }).key };
    expect((await app.get('/api/v1/users', { headers })).status).toBe(200);
    expect((await app.get('/api/v1/roles', { headers })).status).toBe(403);
    expect((await app.get('/api/v1/users', { token })).status).toBe(200);
    const acts = (await app.audit()).filter(({ actor_id }) => actor_id === root.id);
    expect(acts.slice(-3)).toMatchObject([
      { action: 'users.listed', api_key_id: body.id },
      { action: 'access.denied', api_key_id: body.id },
      { action: 'users.listed', api_key_id: null },
    ]);
    const { body: own } = await app.get('/api/v1/users/me/export', { token });
    expect(JSON.stringify(own)).toContain(`"apiKeyId":"${body.id}"`);
  });

  it('[AU-01][V2.3.3] an event and its change commit or vanish together', async () => {
    const database = app.app.get(Database);
    const audit = app.app.get(AuditService);
    const before = (await app.audit('roles.created')).length;
    await expect(
      database.transaction(async () => {
        await audit.record('roles.created', { permissions: [] });
        throw new Error('the change fails');
      }),
    ).rejects.toThrow('the change fails');
    expect(await app.audit('roles.created')).toHaveLength(before);
  });

  it('[AU-01] a refusal stays although the request fails', async () => {
    const database = app.app.get(Database);
    const audit = app.app.get(AuditService);
    const before = (await app.audit('auth.sign_in_refused')).length;
    await expect(
      database.transaction(async () => {
        await audit.recordFailure('auth.sign_in_refused', { reason: 'disabled' });
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await app.audit('auth.sign_in_refused')).toHaveLength(before + 1);
  });

  it('[AU-01][F12] many refusals at once do not wait for each other, nor does a commit lose one', async () => {
    const small = await TestApp.start({
      database: app.database,
      masterKey: app.masterKey,
      env: { DATABASE_POOL_MAX: '5' },
    });
    const database = small.app.get(Database);
    const audit = small.app.get(AuditService);
    const before = (await app.audit('roles.grant_refused')).length;
    const refusals = Array.from({ length: 20 }, (_, i) =>
      database.transaction(async () => {
        await database.rows('SELECT pg_sleep(0.05)'); // so that all connections are held
        await audit.recordFailure('roles.grant_refused', { missing: [] });
        if (i % 2) throw new Error('refused');
      }),
    );
    const outcomes = await Promise.allSettled(refusals);
    const reasons = outcomes.map((each) => each.status === 'rejected' && String(each.reason));
    expect(reasons).toEqual(reasons.map((_, i) => i % 2 === 1 && 'Error: refused'));
    expect(await app.audit('roles.grant_refused')).toHaveLength(before + 20);
    await small.close();
  });

  it('[AU-01][V13.2.2][V16.4.2] the service itself cannot change, delete or empty it', async () => {
    await app.member();
    const database = app.app.get(Database);
    for (const statement of [
      `UPDATE audit_events SET leaf = 'x'`,
      'DELETE FROM audit_events',
      'TRUNCATE audit_events',
      'DROP TABLE audit_events',
      'ALTER TABLE audit_events DISABLE TRIGGER ALL',
      'CREATE TABLE mine (id int)',
    ]) {
      await expect(database.rows(statement)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('[AU-01] holds no secret', async () => {
    const user = await app.member();
    await app.post('/api/v1/auth/refresh', { refreshToken: user.refreshToken });
    const everything = JSON.stringify(await app.audit());
    expect(everything).not.toContain(user.refreshToken);
    expect(everything).not.toContain(user.accessToken);
    expect(everything).not.toContain('a ship in port');
    expect(everything).not.toContain('argon2');
  });
});

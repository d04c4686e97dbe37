import { v7 as uuidv7 } from 'uuid';

import { newApiKey } from '../../../src/features/api-keys/api-key.js';
import { ApiKeyUsage } from '../../../src/features/api-keys/api-key-usage.js';
import { ApiKeysRepository } from '../../../src/features/api-keys/api-keys.repository.js';
import { Caches } from '../../../src/platform/cache/index.js';
import { eventually } from '../../support/processes.js';
import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';

const keys = '/api/v1/api-keys';
const day = 86_400_000;

describe('API keys', () => {
  let app: TestApp;
  let other: TestApp;
  let root: SignedIn;
  let ada: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    other = await TestApp.start({ database: app.database, masterKey: app.masterKey });
    root = await app.administrator();
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });
  beforeEach(async () => {
    ada = await app.member();
  });

  const create = (body: object = {}, { accessToken: token } = ada): Promise<Answer> =>
    app.post(keys, { name: 'Report', scopes: [], ...body }, { token });
  const made = async (body: object = {}, user = ada): Promise<{ id: string; key: string }> => {
    const answer = await create(body, user);
    expect(answer.status).toBe(201);
    return answer.body as { id: string; key: string };
  };
  const as = (key: string): { headers: Record<string, string> } => ({
    headers: { authorization: `ApiKey ${key}` },
  });
  const status = async (key: string, path = '/api/v1/users/me', instance = app): Promise<number> =>
    (await instance.get(path, as(key))).status;
  const assign = async (user: SignedIn, roles: string[]): Promise<void> => {
    const call = { token: root.accessToken, body: { roles } };
    const answer = await app.call('PUT', `/api/v1/users/${user.id}/roles`, call);
    expect(answer.status).toBe(200);
  };
  const refusedEverywhere = async (key: string): Promise<void> => {
    expect(await status(key)).toBe(401);
    await eventually(async () => expect(await status(key, undefined, other)).toBe(401), 1_000);
  };

  it('[AC-02] are shown once, kept by their hash, and act for their owner', async () => {
    const { key, ...shown } = (await create({ scopes: [] })).body;
    expect(key).toMatch(/^gh_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$/);
    const listed = await app.get(keys, { token: ada.accessToken });
    expect(listed.body).toEqual({ items: [shown] });
    expect(shown).toMatchObject({ name: 'Report', scopes: [], lastUsedAt: null, useCount: 0 });
    const left = new Date(shown.expiresAt).getTime() - Date.now();
    expect(Math.abs(left - 90 * day)).toBeLessThan(60_000);
    for (const headers of [
      { authorization: `ApiKey ${key}` },
      { authorization: `apikey ${key}` },
      { 'x-api-key': key },
      { 'x-api-key': key, authorization: 'Basic Zm9yOmEtcHJveHk=' },
    ] as Record<string, string>[]) {
      const me = await app.get('/api/v1/users/me', { headers });
      expect([me.status, me.body.id]).toEqual([200, ada.id]);
    }
    const { rows } = await app.database.superuser.query('SELECT * FROM api_keys');
    expect(JSON.stringify(rows)).not.toContain(key.slice(26, 60));
    const trail = JSON.stringify(await app.audit());
    expect(trail).toContain('api_keys.created');
    expect(trail).not.toContain(key.slice(26, 60));
  });

  it('[AC-02][V14.2.1] are read nowhere else, nor two at once', async () => {
    const { key } = await made();
    const me = '/api/v1/users/me';
    expect((await app.get(`${me}?api_key=${key}`)).status).not.toBe(200);
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `ApiKey  ${key}` },
      { authorization: `ApiKey ${key}`, 'x-api-key': key },
      { authorization: `Bearer ${ada.accessToken}`, 'x-api-key': key },
      { 'x-api-key': `${key}, ${key}` },
      { 'x-api-key': '' },
      { cookie: `api_key=${key}` },
    ] as Record<string, string>[]) {
      expect([(await app.get(me, { headers })).status, headers]).toEqual([401, headers]);
    }
  });

  it('[AC-02] may do what is a scope and what their owner may, as of now', async () => {
    const scopes = ['users.read', 'roles.read'];
    expect((await create({ scopes })).body.code).toBe('api_keys.scope_exceeds_own');
    expect(await app.audit('api_keys.scope_refused')).toMatchObject([
      { actor_id: ada.id, payload: { missing: scopes }, outcome: 'failure' },
    ]);
    await assign(ada, ['auditor']);
    const { key } = await made({ scopes: ['users.read'] });
    expect(await status(key, '/api/v1/users')).toBe(200);
    expect(await status(key, '/api/v1/roles')).toBe(403);
    expect(await status(key, '/api/v1/users', other)).toBe(200);
    await assign(ada, ['member']);
    expect(await status(key, '/api/v1/users')).toBe(403);
    await eventually(async () => {
      expect(await status(key, '/api/v1/users', other)).toBe(403);
    }, 1_000);
    expect(await status(key)).toBe(200);
    await assign(ada, ['auditor']);
    expect(await status(key, '/api/v1/users')).toBe(200);
  });

  it('[AC-02][V8.2.1] do not reach beyond their scopes through what their owner may grant', async () => {
    const { key } = await made({ scopes: ['users.create', 'users.update'] }, root);
    const eve = { email: 'eve@example.com', username: 'eve', password: 'a ship in port is safe' };
    const asRoot = await app.post('/api/v1/users', { ...eve, roles: ['admin'] }, as(key));
    expect([asRoot.status, asRoot.body.code]).toEqual([403, 'roles.grant_exceeds_own']);
    const lower = await app.call('PATCH', `/api/v1/users/${root.id}`, {
      ...as(key),
      body: { displayName: 'Lower' },
    });
    expect([lower.status, lower.body.code]).toEqual([403, 'users.outranks_you']);
    const { key: inviting } = await made({ scopes: ['users.invite'] }, root);
    const invite = (roles: string[]): Promise<Answer> =>
      app.post('/api/v1/invitations', { email: 'eve@example.com', roles }, as(inviting));
    expect((await invite(['admin'])).body.code).toBe('roles.grant_exceeds_own');
    expect((await invite(['member'])).status).toBe(201);
    expect((await app.post('/api/v1/users', eve, as(key))).status).toBe(201);
  });

  it('[AC-02] cannot concern themselves with accounts, sessions and keys', async () => {
    const { key, id } = await made({ scopes: ['users.assign_roles'] }, root);
    for (const [method, path, body] of [
      ['GET', keys],
      ['POST', keys, { name: 'More', scopes: [] }],
      ['POST', `${keys}/${id}/rotate`, {}],
      ['DELETE', `${keys}/${id}`],
      ['GET', '/api/v1/auth/sessions'],
      ['PATCH', '/api/v1/users/me', { displayName: 'x' }],
      ['PUT', `/api/v1/users/${ada.id}/roles`, { roles: ['admin'] }],
    ] as const) {
      const answer = await app.call(method, path, { ...as(key), body });
      expect([path, answer.body.code]).toEqual([path, 'auth.session_required']);
    }
  });

  it('[AC-02][V7.5.1] are made and rotated by a recent sign-in only', async () => {
    const { id } = await made();
    await app.database.superuser.query(
      `UPDATE sessions SET created_at = created_at - interval '11 minutes' WHERE user_id = $1`,
      [ada.id],
    );
    await app.database.superuser.query(
      `SELECT pg_notify('gatehouse_invalidate', '["user:${ada.id}"]')`,
    );
    await eventually(async () => expect((await create()).body.code).toBe('auth.step_up_required'));
    const { accessToken: token } = ada;
    const rotated = await app.post(`${keys}/${id}/rotate`, {}, { token });
    expect(rotated.body.code).toBe('auth.step_up_required');
    expect((await app.get(keys, { token })).status).toBe(200);
  });

  it('[AC-02][AC-04] of somebody else are not there', async () => {
    const { id, key } = await made();
    const eve = await app.member();
    const { accessToken: token } = eve;
    expect((await app.get(keys, { token })).body.items).toEqual([]);
    for (const [method, path] of [
      ['DELETE', `${keys}/${id}`],
      ['POST', `${keys}/${id}/rotate`],
    ] as const) {
      const answer = await app.call(method, path, {
        token,
        ...(method === 'POST' && { body: {} }),
      });
      expect([answer.status, answer.body.code]).toEqual([404, 'api_keys.not_found']);
    }
    expect(await status(key)).toBe(200);
  });

  it('[AC-02] end at once, on every instance: revoked, or with their disabled owner', async () => {
    const [first, second, third] = [await made(), await made(), await made()];
    for (const { key } of [first, second, third]) {
      expect([await status(key), await status(key, undefined, other)]).toEqual([200, 200]);
    }
    const { accessToken: token } = ada;
    expect((await app.call('DELETE', `${keys}/${first.id}`, { token })).status).toBe(204);
    await refusedEverywhere(first.key);
    expect((await app.call('DELETE', `${keys}/${first.id}`, { token })).status).toBe(404);

    const hers = `/api/v1/users/${ada.id}/api-keys`;
    const admin = { token: root.accessToken };
    expect((await app.get(hers, { token })).status).toBe(403);
    expect((await app.get(hers, admin)).body.items).toHaveLength(2);
    expect((await app.call('DELETE', `${hers}/${second.id}`, admin)).status).toBe(204);
    await refusedEverywhere(second.key);

    const disabled = { ...admin, body: { status: 'disabled' } };
    expect((await app.call('PATCH', `/api/v1/users/${ada.id}`, disabled)).status).toBe(200);
    await refusedEverywhere(third.key);
    await status(third.key);
    const told = (await app.audit('api_keys.refused')).filter(
      ({ target_id }) => target_id === third.id,
    );
    expect(told.length).toBeLessThanOrEqual(2); // two instances
    expect(told[0]).toMatchObject({ payload: { reason: 'owner_disabled', userId: ada.id } });
    const revoked = (await app.audit('api_keys.revoked')).map((event) => [
      event['target_id'],
      event['actor_id'],
    ]);
    expect(revoked).toEqual([
      [first.id, ada.id],
      [second.id, root.id],
    ]);
  });

  it('[AC-02] expire, by then at the latest', async () => {
    for (const [expiresAt, code] of [
      [new Date(Date.now() - 1_000).toISOString(), 400],
      [new Date(Date.now() + 366 * day).toISOString(), 400],
      ['tomorrow', 400],
      ['2027-02-30T00:00:00Z', 400],
      [null, 400],
      [new Date(Date.now() + 364 * day).toISOString(), 201],
    ]) {
      expect([expiresAt, (await create({ expiresAt })).status]).toEqual([expiresAt, code]);
    }
    const { key, id } = await made({ expiresAt: new Date(Date.now() + 1_000).toISOString() });
    expect(await status(key)).toBe(200);
    await eventually(async () => expect(await status(key)).toBe(401), 3_000);
    const rotated = await app.post(`${keys}/${id}/rotate`, {}, { token: ada.accessToken });
    expect(rotated.status).toBe(404);
  });

  it('[AC-02] are rotated, with the key before working for as long as was asked', async () => {
    const { key: first, id } = await made();
    const rotate = async (body: object = {}): Promise<Record<string, string>> => {
      const answer = await app.post(`${keys}/${id}/rotate`, body, { token: ada.accessToken });
      expect(answer.status).toBe(200);
      return answer.body as Record<string, string>;
    };
    expect(await status(first, undefined, other)).toBe(200);
    const { key: second = '', previousUntil = '' } = await rotate({ overlapSeconds: 2 });
    expect(Math.abs(new Date(previousUntil).getTime() - Date.now() - 2_000)).toBeLessThan(1_500);
    await eventually(async () => expect(await status(second, undefined, other)).toBe(200), 1_000);
    expect([await status(first), await status(second)]).toEqual([200, 200]);
    await eventually(async () => expect(await status(first)).toBe(401), 4_000);
    expect(await status(second)).toBe(200);
    const { key: third = '' } = await rotate({ overlapSeconds: 0 });
    await refusedEverywhere(second);
    expect(await status(third)).toBe(200);
    const events = (await app.audit('api_keys.rotated')).map(({ payload }) => payload);
    expect(events).toEqual([{ overlapSeconds: 2 }, { overlapSeconds: 0 }]);
    for (const overlapSeconds of [-1, 1.5, 604_801, '1', null]) {
      const wrong = await app.post(
        `${keys}/${id}/rotate`,
        { overlapSeconds },
        { token: ada.accessToken },
      );
      expect(wrong.body.code).toBe('validation.failed');
    }
  });

  it('[AC-02] are as many as a user may have, 16 at once included', async () => {
    const answers = await Promise.all(Array.from({ length: 24 }, () => create()));
    const made = answers.filter((answer) => answer.status === 201);
    expect(made).toHaveLength(20);
    expect(answers.find((answer) => answer.status !== 201)!.body.code).toBe('api_keys.too_many');
  });

  it('[AC-02] are counted in memory and written down in one go', async () => {
    const { key, id } = await made();
    await status(key);
    const usage = app.app.get(ApiKeyUsage);
    await usage.flush();
    const before = await transactions();
    for (let i = 0; i < 50; i++) expect(await status(key)).toBe(200);
    const read = async (): Promise<Record<string, unknown>> =>
      (await app.get(keys, { token: ada.accessToken })).body.items[0];
    expect(await transactions()).toBe(before); // what 50 calls cost the database
    expect((await read())['useCount']).toBe(1);
    await usage.flush();
    expect(await read()).toMatchObject({ id, useCount: 51, lastUsedAt: expect.any(String) });
    await status(key, undefined, other);
    await Promise.all([usage.flush(), other.app.get(ApiKeyUsage).flush()]);
    expect((await read())['useCount']).toBe(52);
  });

  /** Statements that asked or changed what a key depends on. */
  async function transactions(): Promise<number> {
    const { body } = await app.get('/metrics');
    const counts = String(body).matchAll(
      /^database_query_duration_seconds_count\{.*table="(?:api_keys|users|roles|user_roles)".*\} (\d+)$/gm,
    );
    const sum = [...counts].reduce((total, [, count]) => total + Number(count), 0);
    expect(sum).toBeGreaterThan(10);
    return sum;
  }

  it('[AC-02] of a wrong form cost no look-up, and of a wrong secret one event', async () => {
    const { key, id } = await made();
    await status(key);
    const before = await transactions();
    for (let i = 0; i < 20; i++) expect(await status(`${key.slice(0, -1)}${i % 10}x`)).toBe(401);
    expect(await transactions()).toBe(before);
    const foreign = (await made()).key;
    await app.database.superuser.query(
      'UPDATE api_keys SET secret_hash = sha256($2) WHERE id = $1',
      [id, Buffer.from(foreign)],
    );
    await app.database.superuser.query(
      `SELECT pg_notify('gatehouse_invalidate', '["api-key:${id}"]')`,
    );
    await eventually(async () => expect(await status(key)).toBe(401));
    for (let i = 0; i < 5; i++) expect(await status(key)).toBe(401);
    const told = (await app.audit('api_keys.refused')).filter(({ target_id }) => target_id === id);
    expect(told).toMatchObject([{ payload: { reason: 'wrong_secret' }, outcome: 'failure' }]);
  });

  it('[AC-02][PE-01] have a quota apart from their owner, and a smaller one if asked', async () => {
    const strict = await TestApp.start({
      database: app.database,
      masterKey: app.masterKey,
      env: { RATE_LIMIT_SCALE: '1' },
    });
    const [plain, small] = [await made(), await made({ requestsPerMinute: 2 })];
    const me = '/api/v1/users/me';
    const first = await strict.get(me, as(plain.key));
    expect(first.headers['ratelimit-policy']).toBe('"api-key";q=500;w=60');
    const limited = [];
    for (let i = 0; i < 3; i++) limited.push(await strict.get(me, as(small.key)));
    expect(limited.map((answer) => answer.status)).toEqual([200, 200, 429]);
    expect(limited[0]!.headers['ratelimit-policy']).toBe('"api-key";q=2;w=60');
    expect((await strict.get(me, as(plain.key))).headers['ratelimit']).toMatch(/r=498/);
    const own = await strict.get(me, { token: ada.accessToken });
    expect(own.headers['ratelimit']).toMatch(/^"user";r=499/);
    const asking = await made({ scopes: ['tokens.introspect'], requestsPerMinute: 2 }, root);
    const asked = [];
    for (let i = 0; i < 3; i++) {
      asked.push(await strict.post('/api/v1/auth/introspect', { token: 'x' }, as(asking.key)));
    }
    expect(asked.map((answer) => answer.status)).toEqual([200, 200, 429]);
    await strict.close();
  });

  it('[AC-02][PE-01] that do not exist cost a bounded number of look-ups, and nobody else anything', async () => {
    const { key } = await made();
    const strict = await TestApp.start({
      database: app.database,
      masterKey: app.masterKey,
      env: { RATE_LIMIT_SCALE: '1', RATE_LIMIT_ALLOWED_NETWORKS: '127.0.0.1' }, // never blocked
    });
    const find = jest.spyOn(strict.app.get(ApiKeysRepository), 'byId');
    const me = '/api/v1/users/me';
    await eventually(() => expect(strict.app.get(Caches).hearing).toBe(true));
    expect((await strict.get(me, as(key))).status).toBe(200); // and is known from now on
    const codes = [];
    for (let i = 0; i < 150; i++)
      codes.push((await strict.get(me, as(newApiKey(uuidv7()).text))).status);
    expect(codes.filter((code) => code === 401)).toHaveLength(100);
    expect(codes.filter((code) => code === 429)).toHaveLength(50);
    expect(find.mock.calls.length).toBeLessThanOrEqual(101);
    expect((await strict.get(me, as(key))).status).toBe(200);
    await strict.close();
  });

  it('[AC-02] refuse what is no name, scope or number', async () => {
    for (const body of [
      { name: '' },
      { name: 'x'.repeat(101) },
      { name: 7 },
      { scopes: ['all'] },
      { scopes: 'users.read' },
      { scopes: ['users.read', 'users.read'] },
      { requestsPerMinute: 0 },
      { requestsPerMinute: 501 },
      { requestsPerMinute: '5' },
      { userId: root.id },
    ]) {
      expect([body, (await create(body)).body.code]).toEqual([body, 'validation.failed']);
    }
  });
});

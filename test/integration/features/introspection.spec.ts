import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';

const introspect = '/api/v1/auth/introspect';
const revoke = '/api/v1/auth/revoke';
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('Introspection and revocation', () => {
  let app: TestApp;
  let root: SignedIn;
  let ada: SignedIn;
  /** Key of a service that may ask. */
  let asking: string;

  beforeAll(async () => {
    app = await TestApp.start();
    root = await app.administrator();
    asking = (await apiKey(root, ['tokens.introspect'])).key;
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    ada = await app.member();
  });

  async function apiKey(
    user: SignedIn,
    scopes: string[] = [],
  ): Promise<{ id: string; key: string }> {
    const body = { name: 'Service', scopes };
    const answer = await app.post('/api/v1/api-keys', body, { token: user.accessToken });
    expect(answer.status).toBe(201);
    return answer.body as { id: string; key: string };
  }
  const ask = (token: string): Promise<Answer> =>
    app.post(introspect, { token }, { headers: { 'x-api-key': asking } });
  const status = async ({ accessToken: token }: SignedIn): Promise<number> =>
    (await app.get('/api/v1/users/me', { token })).status;

  it('[AC-03] tells of an access token what it is good for, and is not kept', async () => {
    const answer = await ask(ada.accessToken);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    const now = Date.now() / 1000;
    const { exp, iat, jti, sid, ...rest } = answer.body;
    expect(rest).toEqual({
      active: true,
      scope: '',
      sub: ada.id,
      username: ada.username,
      client_id: 'gatehouse',
      token_type: 'Bearer',
      aud: 'gatehouse',
      iss: 'http://localhost:3000',
    });
    expect([Math.abs(now - iat) < 60, exp - iat]).toEqual([true, 3_600]);
    expect([typeof jti, typeof sid]).toEqual(['string', 'string']);
    const { body } = await ask(root.accessToken);
    expect(body.scope.split(' ')).toEqual(expect.arrayContaining(['users.read', 'roles.manage']));
  });

  it('[AC-03] tells of an API key as well, by its scopes', async () => {
    const { id, key } = await apiKey(root, ['users.read']);
    expect((await ask(key)).body).toEqual({
      active: true,
      scope: 'users.read',
      sub: root.id,
      username: root.username,
      client_id: id,
      token_type: 'ApiKey',
      iss: 'http://localhost:3000',
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    const listed = await app.get('/api/v1/api-keys', { token: root.accessToken });
    expect(listed.body.items[0]).toMatchObject({ id, lastUsedAt: null });
  });

  it('[AC-03] says the same of everything that is not good now', async () => {
    const { key, id } = await apiKey(ada);
    const again = await app.signIn(ada.id, ada.username);
    await app.call('DELETE', `/api/v1/api-keys/${id}`, { token: again.accessToken });
    await app.post('/api/v1/auth/logout', undefined, { token: again.accessToken });
    const disabled = await app.member();
    await app.call('PATCH', `/api/v1/users/${disabled.id}`, {
      token: root.accessToken,
      body: { status: 'disabled' },
    });
    for (const token of [
      'x',
      'a.b.c',
      key,
      ada.refreshToken,
      again.accessToken,
      disabled.accessToken,
      `${ada.accessToken}x`,
    ]) {
      const answer = await ask(token);
      expect([answer.status, answer.body]).toEqual([200, { active: false }]);
    }
    expect((await ask(ada.accessToken)).body.active).toBe(true);
  });

  it('[AC-03] answers only who may ask, with a session or a key', async () => {
    const body = { token: ada.accessToken };
    expect((await app.post(introspect, body)).body.code).toBe('auth.required');
    const member = await app.post(introspect, body, { token: ada.accessToken });
    expect(member.body.code).toBe('access.denied');
    const other = (await apiKey(root, ['users.read'])).key;
    const scoped = await app.post(introspect, body, { headers: { 'x-api-key': other } });
    expect(scoped.body.code).toBe('access.denied');
    expect((await app.post(introspect, body, { token: root.accessToken })).body.active).toBe(true);
  });

  it('[AC-03][V3.5.2] takes the form that the RFCs want, which no other route does', async () => {
    const body = `token=${ada.accessToken}&token_type_hint=access_token`;
    const headers = { ...form, 'x-api-key': asking };
    expect((await app.post(introspect, body, { headers })).body).toMatchObject({
      active: true,
      sub: ada.id,
    });
    for (const [wrong, status] of [
      ['token=a&token=b', 400],
      ['', 400],
      ['token=', 400],
      ['token=%00', 400],
      ['token=a&other=1', 400],
      [`token=${'a'.repeat(5_000)}`, 400],
    ] as const) {
      expect([wrong, (await app.post(introspect, wrong, { headers })).status]).toEqual([
        wrong,
        status,
      ]);
    }
    for (const path of ['login', 'register', 'refresh']) {
      const answer = await app.post(`/api/v1/auth/${path}`, 'identifier=a&password=b', {
        headers: form,
      });
      expect([path, answer.body.code]).toEqual([path, 'http.unsupported_media_type']);
    }
  });

  it('[AC-03] revokes: a refresh or access token ends its session at once', async () => {
    const other = await app.signIn(ada.id, ada.username);
    const third = await app.signIn(ada.id, ada.username);
    const headers = form;
    const byRefresh = await app.post(revoke, `token=${ada.refreshToken}`, { headers });
    expect([byRefresh.status, byRefresh.body]).toEqual([200, '']);
    expect([await status(ada), await status(other)]).toEqual([401, 200]);
    const { refreshToken } = ada;
    const refreshed = await app.post('/api/v1/auth/refresh', { refreshToken });
    expect(refreshed.status).toBe(401);
    const byAccess = await app.post(revoke, { token: other.accessToken });
    expect([byAccess.status, await status(other), await status(third)]).toEqual([200, 401, 200]);
    const told = (await app.audit('auth.session_revoked')).filter(
      ({ actor_id, payload }) =>
        actor_id === ada.id && (payload as { reason: string }).reason === 'token_revoked',
    );
    expect(told).toHaveLength(2);
  });

  it('[AC-03] revokes an API key, and says nothing of what is none', async () => {
    const { key, id } = await apiKey(ada);
    const revoked = await Promise.all([1, 2, 3, 4].map(() => app.post(revoke, { token: key })));
    expect(revoked.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
    const headers = { 'x-api-key': key };
    expect((await app.get('/api/v1/users/me', { headers })).status).toBe(401);
    const told = (await app.audit('api_keys.revoked')).filter(({ target_id }) => target_id === id);
    expect(told).toHaveLength(1);
    for (const token of [key, 'x', 'a.b.c', 'A'.repeat(64), `${ada.accessToken.slice(0, -2)}AA`]) {
      const answer = await app.post(revoke, { token });
      expect([answer.status, answer.body]).toEqual([200, '']);
    }
    expect(await status(ada)).toBe(200);
    expect((await app.post(revoke, {})).status).toBe(400);
  });

  it('[AC-03][PE-01] have limits of their own', async () => {
    const [asked, ended] = [await ask('x'), await app.post(revoke, { token: 'x' })];
    expect(asked.headers['ratelimit-policy']).toMatch(/^"introspection";/);
    expect(ended.headers['ratelimit-policy']).toMatch(/^"revocation";/);
  });
});

import { TestApp } from '../support/test-app.js';

describe('The main job over the API', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('[ID-01][ID-03][AC-01][V7.4.1][V8.3.2] registers, signs in, gains a right and signs out', async () => {
    const root = await app.administrator();
    const ada = await app.member();
    const me = await app.get('/api/v1/users/me', { token: ada.accessToken });
    expect(me.status).toBe(200);
    expect(me.body).toMatchObject({ username: ada.username, roles: ['member'], status: 'active' });
    expect(me.body.lastLoginAt).not.toBeNull();

    expect((await app.get('/api/v1/users', { token: ada.accessToken })).status).toBe(403);
    const assigned = await app.call('PUT', `/api/v1/users/${ada.id}/roles`, {
      token: root.accessToken,
      body: { roles: ['member', 'auditor'] },
    });
    expect(assigned.body).toMatchObject({ roles: ['auditor', 'member'] });
    expect((await app.get('/api/v1/users', { token: ada.accessToken })).status).toBe(200);

    const refreshed = await app.post('/api/v1/auth/refresh', { refreshToken: ada.refreshToken });
    expect(refreshed.status).toBe(200);
    const token = refreshed.body.accessToken as string;
    expect((await app.call('POST', '/api/v1/auth/logout', { token })).status).toBe(204);
    for (const dead of [token, ada.accessToken]) {
      expect((await app.get('/api/v1/users/me', { token: dead })).status).toBe(401);
    }
    const late = await app.post('/api/v1/auth/refresh', {
      refreshToken: refreshed.body.refreshToken,
    });
    expect(late).toMatchObject({ status: 401, body: { code: 'auth.invalid_refresh_token' } });
  });
});

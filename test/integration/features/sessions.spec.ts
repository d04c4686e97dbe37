import { SessionCleanup } from '../../../src/features/sessions/session-cleanup.js';
import { sessionStores } from '../../support/session-store.js';
import { goodPassword, type SignedIn, TestApp } from '../../support/test-app.js';

describe.each(sessionStores)('Sessions and refresh tokens in $name', (store) => {
  // What is there must be used: REQUIRE_REDIS=1 fails before it comes to this.
  const it = store.installed ? test : test.skip;
  let app: TestApp;
  let env: Record<string, string>;

  beforeAll(async () => {
    if (!store.installed) return;
    env = await store.start();
    app = await TestApp.start({ env });
  });
  afterAll(async () => {
    if (!store.installed) return;
    await app.close();
    await store.stop();
  });

  const refresh = (refreshToken: string): ReturnType<TestApp['post']> =>
    app.post('/api/v1/auth/refresh', { refreshToken });
  const me = async (token: string): Promise<number> =>
    (await app.get('/api/v1/users/me', { token })).status;
  /** Statements so far, as the service counts them. */
  const statements = async (): Promise<number> => {
    const { body } = await app.get('/metrics');
    const lines = (body as string).matchAll(
      /^database_query_duration_seconds_count\{.*\} (\d+)$/gm,
    );
    return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
  };

  it('[ID-07][F20][V10.4.5] 16 parallel refreshes leave one lineage, 20 rounds', async () => {
    const user = await app.member();
    let current = user.refreshToken;
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(Array.from({ length: 16 }, () => refresh(current)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const successors = new Set(answers.map(({ body }) => body.refreshToken as string));
      expect(successors.size).toBe(1);
      current = [...successors][0]!;
    }
    expect(await store.generations(app, user.id)).toEqual([20]);
    const events = (await app.audit('auth.session_refreshed')).filter(
      (e) => e['actor_id'] === user.id,
    );
    expect(events).toHaveLength(320);
    expect(
      events.filter(({ payload }) => !(payload as { replayed: boolean }).replayed),
    ).toHaveLength(20);
  });

  it('[ID-07][V10.4.5] a token used after its grace ends the session and is an audit event', async () => {
    const user = await app.member();
    const next = await refresh(user.refreshToken);
    await store.rotatedBefore(app, user.id, 11);
    expect(await refresh(user.refreshToken)).toMatchObject({
      status: 401,
      body: { code: 'auth.invalid_refresh_token' },
    });
    expect(await me(next.body.accessToken as string)).toBe(401);
    expect((await refresh(next.body.refreshToken as string)).status).toBe(401);
    const events = (await app.audit('auth.refresh_token_reused')).filter(
      (e) => e['actor_id'] === user.id,
    );
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ outcome: 'failure', target_kind: 'session' });
  });

  it('[ID-07][V10.4.5] an ancestor older than the predecessor ends the session even within the grace', async () => {
    const user = await app.member();
    const second = await refresh(user.refreshToken);
    await refresh(second.body.refreshToken as string);
    expect((await refresh(user.refreshToken)).status).toBe(401);
    expect(await me(user.accessToken)).toBe(401);
  });

  it('[ID-07] a made-up token ends nothing', async () => {
    const user = await app.member();
    expect((await refresh('A'.repeat(64))).status).toBe(401);
    expect((await refresh(user.accessToken.slice(0, 64))).status).toBe(401);
    expect(await me(user.accessToken)).toBe(200);
  });

  it('[ID-07][V9.2.2] a refresh token is no access token, and the other way round', async () => {
    const user = await app.member();
    expect(await me(user.refreshToken)).toBe(401);
    expect((await refresh(user.accessToken)).status).toBe(400);
  });

  it('[ID-07] stores neither refresh token nor its parts', async () => {
    const user = await app.member();
    await refresh(user.refreshToken);
    const token = Buffer.from(user.refreshToken, 'base64url');
    const stored = await store.stored(app, user.id);
    expect(stored.length).toBeGreaterThan(2);
    for (const value of stored) {
      expect(value.includes(token.subarray(0, 16))).toBe(false);
      expect(value.includes(token.subarray(16))).toBe(false);
    }
  });

  it('[ID-08][V10.4.8][V7.3.2] absolute life: neither refreshing nor the access token outlives it', async () => {
    const user = await app.member();
    await store.endsIn(app, user.id, -1);
    const other = await TestApp.start({ env, database: app.database, masterKey: app.masterKey });
    expect((await refresh(user.refreshToken)).status).toBe(401);
    expect((await other.get('/api/v1/users/me', { token: user.accessToken })).status).toBe(401);
    await other.close();
  });

  it('[ID-08][V7.3.1] idle life: a session not refreshed ends, a refreshed one goes on', async () => {
    const idle = await app.member();
    await store.idleEndsIn(app, idle.id, 0);
    expect((await refresh(idle.refreshToken)).status).toBe(401);
    const active = await app.member();
    await store.idleEndsIn(app, active.id, 60);
    expect((await refresh(active.refreshToken)).status).toBe(200);
    expect(await store.idleSecondsLeft(app, active.id)).toBeGreaterThan(86_400);
  });

  it('[ID-08] a token of a nearly ended session does not outlive it', async () => {
    const user = await app.member();
    await store.endsIn(app, user.id, 100);
    const { body } = await refresh(user.refreshToken);
    expect(body.expiresIn).toBeLessThanOrEqual(100);
  });

  it('[ID-08] at most five sessions: the oldest goes, also under parallel sign-ins', async () => {
    const user = await app.member();
    const more = await Promise.all(
      Array.from({ length: 16 }, () => app.signIn(user.id, user.username)),
    );
    expect(await me(user.accessToken)).toBe(401);
    const alive = await Promise.all(more.map(({ accessToken }) => me(accessToken)));
    expect(alive.filter((status) => status === 200)).toHaveLength(5);
    expect(alive.filter((status) => status === 401)).toHaveLength(11);
    const newest = alive.indexOf(200);
    const { body } = await app.get('/api/v1/auth/sessions', { token: more[newest]!.accessToken });
    expect(body.items).toHaveLength(5);
    const ended = (await app.audit('auth.session_revoked')).filter(
      (e) => e['actor_id'] === user.id,
    );
    expect(ended).toHaveLength(12);
  });

  it('[ID-08][V7.4.1] lists own sessions and ends one at once', async () => {
    const first = await app.member();
    const second = await app.signIn(first.id, first.username);
    const { body } = await app.get('/api/v1/auth/sessions', { token: second.accessToken });
    expect(body.items).toHaveLength(2);
    expect(body.items.map((item: { current: boolean }) => item.current)).toEqual([true, false]);
    expect(JSON.stringify(body)).not.toMatch(/hash|family|secret|sealed/i);
    const other = body.items[1].id as string;
    const revoked = await app.call('DELETE', `/api/v1/auth/sessions/${other}`, {
      token: second.accessToken,
    });
    expect(revoked.status).toBe(204);
    expect(await me(first.accessToken)).toBe(401);
    expect(await me(second.accessToken)).toBe(200);
  });

  it("[AC-04][V8.2.2] a stranger's session is a missing one", async () => {
    const [mine, theirs] = [await app.member(), await app.member()];
    const { body } = await app.get('/api/v1/auth/sessions', { token: theirs.accessToken });
    const id = body.items[0].id as string;
    const foreign = await app.call('DELETE', `/api/v1/auth/sessions/${id}`, {
      token: mine.accessToken,
    });
    const missing = await app.call('DELETE', `/api/v1/auth/sessions/${mine.id}`, {
      token: mine.accessToken,
    });
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, instance: '', requestId: '' }).toEqual({
      ...missing.body,
      instance: '',
      requestId: '',
    });
    expect(await me(theirs.accessToken)).toBe(200);
  });

  it('[ID-08] signs out everywhere', async () => {
    const first = await app.member();
    const second = await app.signIn(first.id, first.username);
    expect(
      (await app.call('POST', '/api/v1/auth/logout-all', { token: first.accessToken })).status,
    ).toBe(204);
    for (const { accessToken, refreshToken } of [first, second] as SignedIn[]) {
      expect(await me(accessToken)).toBe(401);
      expect((await refresh(refreshToken)).status).toBe(401);
    }
  });

  it('[V7.2.4] a new sign-in is a new session, and the old one stays its own', async () => {
    const first = await app.member();
    const second = await app.signIn(first.id, first.username);
    expect(second.refreshToken.slice(0, 21)).not.toBe(first.refreshToken.slice(0, 21));
  });

  it('[AU-01] no query per request at steady state', async () => {
    const user = await app.member();
    await me(user.accessToken);
    const before = await statements();
    for (let request = 0; request < 50; request++) expect(await me(user.accessToken)).toBe(200);
    // The listener's heartbeat runs on a connection that is not measured.
    expect((await statements()) - before).toBeLessThanOrEqual(2);
  });

  it('[AU-01] nor for a token whose session has ended', async () => {
    const user = await app.member();
    await app.call('POST', '/api/v1/auth/logout', { token: user.accessToken });
    expect(await me(user.accessToken)).toBe(401);
    const before = await statements();
    for (let request = 0; request < 50; request++) expect(await me(user.accessToken)).toBe(401);
    expect((await statements()) - before).toBeLessThanOrEqual(2);
  });

  it('[ID-08] names the device', async () => {
    const user = await app.member();
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
    await app.post(
      '/api/v1/auth/login',
      { identifier: user.username, password: goodPassword },
      { headers: { 'user-agent': userAgent } },
    );
    const { body } = await app.get('/api/v1/auth/sessions', { token: user.accessToken });
    expect((body.items as object[])[0]).toMatchObject({ device: 'Firefox on Linux', userAgent });
  });
});

describe('Sessions that are over, in PostgreSQL', () => {
  it('[ID-08] are removed by the clean-up, and nothing else is', async () => {
    const app = await TestApp.start();
    const [over, alive] = [await app.member(), await app.member()];
    const { superuser } = app.database;
    await superuser.query(
      `UPDATE sessions SET idle_expires_at = now() - interval '1 day' WHERE user_id = $1`,
      [over.id],
    );
    expect(await app.app.get(SessionCleanup).run()).toBe(1);
    const { rows } = await superuser.query('SELECT user_id FROM sessions');
    expect(rows).toEqual([{ user_id: alive.id }]);
    await app.close();
  });
});

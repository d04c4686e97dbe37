import { TestApp } from '../../support/test-app.js';

describe('Health, info, metrics and problems', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('[OB-03] probes answer without signing in', async () => {
    for (const probe of ['live', 'ready', 'startup']) {
      expect(await app.get(`/health/${probe}`)).toMatchObject({
        status: 200,
        body: { status: 'ok' },
      });
    }
  });

  it('[OB-03] the report names each component, its state and how long the check took', async () => {
    const { status, body } = await app.get('/api/v1/health');
    expect(status).toBe(200);
    expect(body.status).toMatch(/^(healthy|degraded)$/);
    expect(body.components).toContainEqual({
      name: 'database',
      status: 'healthy',
      required: true,
      durationMs: expect.any(Number),
      since: expect.any(String),
    });
  });

  it('[OB-03] 100 simultaneous reports cost one check', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const count = async (): Promise<number> => {
      const { rows } = await app.database.superuser.query<{ n: string }>(
        `SELECT sum(calls) AS n FROM (SELECT 1 AS calls) x`,
      );
      return Number(rows[0]!.n);
    };
    await count();
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.get('/api/v1/health')));
    const durations = new Set(answers.map(({ body }) => body.components[0].durationMs as number));
    expect(durations.size).toBe(1);
  });

  it('[OB-03] info tells what runs', async () => {
    const { body } = await app.get('/api/v1/info');
    expect(body).toMatchObject({
      name: 'gatehouse',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.version,
    });
  });

  it('[OB-02] metrics have their names and bounded labels', async () => {
    const user = await app.member();
    await app.get('/api/v1/users/me', { token: user.accessToken });
    await app.get(`/api/v1/users/${user.id}`, { token: user.accessToken });
    await app.get('/nowhere/at/all');
    const { body, headers } = await app.get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    for (const name of [
      'http_request_duration_seconds_bucket',
      'http_requests_total',
      'http_requests_in_progress',
      'auth_attempts_total',
      'database_query_duration_seconds_bucket',
      'database_pool_connections',
      'database_pool_acquire_seconds_bucket',
      'cache_hits_total',
      'cache_misses_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
      'gatehouse_build_info',
    ]) {
      expect(body).toContain(name);
    }
    expect(body).toContain('route="/api/v1/users/:id"');
    expect(body).not.toContain(user.id);
    expect(body).not.toContain('nowhere');
    expect(body).toMatch(
      /database_query_duration_seconds_count\{operation="insert",table="users"\} \d+/,
    );
    expect((body as string).length).toBeLessThan(5_000_000);
  });

  it('[OB-02] a token keeps metrics for its holder', async () => {
    const token = 'x'.repeat(16) + 'y'.repeat(16);
    const guarded = await TestApp.start({
      env: { METRICS_TOKEN: token },
      database: app.database,
      masterKey: app.masterKey,
    });
    expect((await guarded.get('/metrics')).status).toBe(401);
    expect((await guarded.get('/metrics', { token: `${token}z` })).status).toBe(401);
    expect((await guarded.get('/metrics', { token })).status).toBe(200);
    await guarded.close();
  });

  it('[OB-02] a port of their own takes them off the main one', async () => {
    const apart = await TestApp.start({
      env: { METRICS_PORT: '39127' },
      database: app.database,
      masterKey: app.masterKey,
    });
    expect((await apart.get('/metrics')).status).toBe(404);
    const answer = await fetch('http://127.0.0.1:39127/metrics');
    expect(await answer.text()).toContain('gatehouse_build_info');
    await apart.close();
    await expect(fetch('http://127.0.0.1:39127/metrics')).rejects.toThrow();
  });

  it('[ER-01] every error type leads to its explanation', async () => {
    const { body } = await app.get('/api/v1/users/me');
    const explained = await app.get(body.type as string);
    expect(explained).toMatchObject({ status: 200, body: { code: 'auth.required', status: 401 } });
    expect((await app.get('/problems/no.such.code')).body.code).toBe('problems.unknown');
    expect((await app.get('/problems/constructor')).status).toBe(404);
    expect((await app.get('/problems')).body.items.length).toBeGreaterThan(30);
  });

  it('[ID-12] the set-up page is served with a policy that allows nothing inline', async () => {
    const page = await app.get('/setup');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/<script>|onclick|style=/);
    expect((await app.get('/setup/setup.js')).status).toBe(200);
    expect((await app.get('/setup/setup.css')).status).toBe(200);
  });
});

import { LimitUsageRepository } from '../../../src/features/limit-usage/limit-usage.repository.js';
import { UsageKeeper } from '../../../src/features/limit-usage/usage-keeper.js';
import { Queue } from '../../../src/platform/queue/index.js';
import type { UsageCount } from '../../../src/platform/throttling/limit-usage.js';
import { expectProblem } from '../../security/support/problem.js';
import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';

const usageUrl = '/api/v1/rate-limits/usage';

interface Item {
  name: string;
  allowed: number;
  refused: number;
  series: { at: string; allowed: number; refused: number }[];
}

describe('Usage of limits', () => {
  let app: TestApp;
  let other: TestApp;
  let admin: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    const { database, masterKey } = app;
    other = await TestApp.start({ database, masterKey, env: { RATE_LIMIT_SCALE: '0.02' } });
    admin = await app.administrator();
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });

  const flush = async (): Promise<void> => {
    for (const each of [app, other]) await each.app.get(UsageKeeper).flush();
  };
  const read = (query = '', token = admin.accessToken): Promise<Answer> =>
    app.get(`${usageUrl}${query}`, { token });
  const items = async (query: string): Promise<Map<string, Item>> => {
    const { body } = await read(query);
    return new Map((body.items as Item[]).map((item) => [item.name, item]));
  };
  const stored = async (): Promise<Record<string, unknown>[]> =>
    (await app.database.superuser.query<Record<string, unknown>>('SELECT * FROM limit_usage')).rows;
  const counted = (more: Partial<UsageCount>): UsageCount => ({
    bucket: 0,
    policy: 'export',
    route: '',
    caller: '',
    userId: null,
    allowed: 1,
    refused: 0,
    ...more,
  });

  it('[PE-02] is told by policy, route and caller, of all instances together', async () => {
    const user = await app.member();
    await flush();
    const anonymous = (await items('?by=policy')).get('anonymous');
    for (let hits = 0; hits < 5; hits++) {
      await other.app.inject({ url: '/api/v1/info', remoteAddress: '203.0.113.1' });
      await app.get('/api/v1/info');
      await app.get('/api/v1/users/me', { token: user.accessToken });
    }
    await app.get(`/api/v1/users/${user.id}?secret=1`, { token: user.accessToken });
    await flush();
    const byPolicy = (await items('?by=policy')).get('anonymous')!;
    expect(byPolicy.allowed - (anonymous?.allowed ?? 0)).toBe(7); // of five elsewhere two
    expect(byPolicy.refused - (anonymous?.refused ?? 0)).toBe(3);
    expect(byPolicy.series.reduce((sum, { refused }) => sum + refused, 0)).toBe(byPolicy.refused);
    const byRoute = await items('?by=route&limit=50');
    expect(byRoute.get('GET /api/v1/users/me')).toMatchObject({ allowed: 5, refused: 0 });
    expect(byRoute.get('GET /api/v1/users/:id')).toMatchObject({ allowed: 1 });
    const byCaller = await items('?by=caller&limit=50');
    expect(byCaller.get(`user:${user.id}`)).toMatchObject({ allowed: 6, refused: 0 });
    expect(byCaller.get('anonymous')!.refused).toBeGreaterThanOrEqual(3);
    expect([...(await items('?by=route&policy=users')).keys()]).toEqual(['GET /api/v1/users/:id']);
    const text = JSON.stringify(await stored());
    for (const secret of ['203.0.113', '127.0.0.1', 'secret', user.email]) {
      expect(text).not.toContain(secret);
    }
  });

  it('[PE-02] comes with a series by the minute, or by the hour for long ranges', async () => {
    const ago = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
    const minutes = (await read(`?from=${ago(1)}`)).body;
    expect(minutes).toMatchObject({ by: 'policy', bucketSeconds: 60 });
    expect((await read()).body).toMatchObject({ bucketSeconds: 3_600 });
    expect((await read(`?from=${ago(1)}&by=caller`)).body).toMatchObject({ bucketSeconds: 3_600 });
    for (const { series } of minutes.items as Item[]) {
      for (const { at } of series) expect(Date.parse(at) % 60_000).toBe(0);
    }
    const earlier = await read(`?from=${ago(48)}&to=${ago(47)}`);
    expect(earlier.body.items).toEqual([]);
  });

  it('[PE-02] comes as CSV as well', async () => {
    await flush();
    const { status, headers, body } = await read('?by=route&format=csv');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(headers['content-disposition']).toBe('attachment; filename="usage.csv"');
    const lines = (body as string).split('\r\n');
    expect(lines[0]).toBe('at,route,allowed,refused');
    expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z,[A-Z]+ \/api\/v1\/[^,]+,\d+,\d+$/);
  });

  it('[PE-02] is added up by instances that write at once, and waits for a database that is away', async () => {
    const bucket = Math.floor(Date.now() / 3_600_000) * 3_600;
    const counts = Array.from({ length: 50 }, (_, index) =>
      counted({ bucket, policy: 'auth', route: `TEST /${index}`, refused: 2 }),
    );
    const add = (each: TestApp, order: UsageCount[]): Promise<void> =>
      each.app.get(LimitUsageRepository).add(order);
    await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        index % 2 ? add(app, counts) : add(other, [...counts].reverse()),
      ),
    );
    expect((await items('?by=route&policy=auth&limit=50')).get('TEST /7')).toMatchObject({
      allowed: 16,
      refused: 32,
    });
    const rights = (verb: string): Promise<unknown> =>
      app.database.superuser.query(`${verb} gatehouse_service`);
    await flush();
    const before = (await items('?by=policy')).get('anonymous')!.allowed;
    await rights('REVOKE INSERT ON limit_usage FROM');
    await app.get('/api/v1/info');
    await flush();
    await rights('GRANT INSERT ON limit_usage TO');
    await app.get('/api/v1/info');
    await flush();
    expect((await items('?by=policy')).get('anonymous')!.allowed - before).toBe(2);
  });

  it('[PE-02] costs one statement for all requests of its time', async () => {
    await flush();
    const add = jest.spyOn(app.app.get(LimitUsageRepository), 'add');
    for (let hits = 0; hits < 100; hits++) await app.get('/api/v1/info');
    expect(add).not.toHaveBeenCalled();
    await flush();
    expect(add).toHaveBeenCalledTimes(1);
  });

  it('[PE-02] is kept by the minute for two days, by the hour for thirty', async () => {
    const repository = app.app.get(LimitUsageRepository);
    const hour = (days: number): number => Math.floor(Date.now() / 3_600_000 - days * 24) * 3_600;
    const minutes = Array.from({ length: 120 }, (_, minute) => minute * 60);
    await repository.add([
      ...minutes.map((add) => counted({ bucket: hour(3) + add, route: 'OLD /' })),
      ...minutes.map((add) => counted({ bucket: hour(1) + add, route: 'NEW /' })),
      counted({ bucket: hour(31), route: 'GONE /' }),
      counted({ bucket: hour(29), route: 'KEPT /' }),
    ]);
    const cleanUp = (): Promise<void> =>
      app.app.get(Queue).perform('limit_usage.clean_up', {}, { id: '1', attempt: 1, last: false });
    await cleanUp();
    await cleanUp();
    const of = async (route: string): Promise<number[]> =>
      (await stored()).filter((row) => row['route'] === route).map((row) => Number(row['allowed']));
    expect(await of('OLD /')).toEqual([60, 60]);
    expect(await of('NEW /')).toHaveLength(120);
    expect([await of('GONE /'), await of('KEPT /')]).toEqual([[], [1]]);
  });

  it('[PE-02][ID-14] belongs to the user it is about', async () => {
    const user = await app.member();
    await app.get('/api/v1/users/me', { token: user.accessToken });
    await flush();
    const { body } = await app.get('/api/v1/users/me/export', { token: user.accessToken });
    expect(body.data.limitUsage).toEqual([
      { hour: expect.any(String) as unknown, allowed: 1, refused: 0 },
    ]);
    await app.database.superuser.query('DELETE FROM users WHERE id = $1', [user.id]);
    expect((await stored()).filter((row) => row['user_id'] === user.id)).toEqual([]);
    await flush(); // what was counted of one who is gone is left out
    expect((await stored()).filter((row) => row['user_id'] === user.id)).toEqual([]);
  });

  it('[PE-02][V8.2.1] is for those who may see limits, and asked for properly', async () => {
    const { accessToken } = await app.member();
    expectProblem(await read('', accessToken), 'access.denied');
    expect((await read()).headers['ratelimit-policy']).toBe('"analytics";q=50000;w=60');
    for (const query of [
      '?from=yesterday',
      '?from=2026-02-30',
      '?from=99999-01-01T00:00:00Z',
      '?to=2026-13-01T00:00:00Z',
      '?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      '?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z',
      '?by=address',
      '?policy=none',
      '?format=xml',
      '?limit=51',
      '?more=1',
    ]) {
      const { code, errors } = (await read(query)).body as { code: string; errors: unknown[] };
      expect([query, code, errors.length > 0]).toEqual([query, 'validation.failed', true]);
    }
  });
});

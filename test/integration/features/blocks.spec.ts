import { randomUUID } from 'node:crypto';

import { BlocksRepository } from '../../../src/features/blocks/blocks.repository.js';
import { Caches } from '../../../src/platform/cache/index.js';
import { Database } from '../../../src/platform/database/index.js';
import { Queue } from '../../../src/platform/queue/index.js';
import { Blocks, type Imposed } from '../../../src/platform/throttling/blocks.js';
import { expectProblem } from '../../security/support/problem.js';
import { eventually } from '../../support/processes.js';
import { type Answer, type Call, type SignedIn, TestApp } from '../../support/test-app.js';

const blocksUrl = '/api/v1/rate-limits/blocks';
const info = '/api/v1/info';

describe('Blocks', () => {
  /** Where administrators work, without limits that matter. */
  let calm: TestApp;
  /** Two instances where a stranger has ten requests a minute, and a user fifty. */
  let strict: TestApp;
  let other: TestApp;
  let admin: SignedIn;
  let address: string;
  let count = 0;

  const instance = (): Promise<TestApp> =>
    TestApp.start({
      database: calm.database,
      masterKey: calm.masterKey,
      env: { RATE_LIMIT_SCALE: '0.1' },
    });

  beforeAll(async () => {
    calm = await TestApp.start();
    [strict, other] = [await instance(), await instance()];
    admin = await calm.administrator();
    for (const app of [strict, other]) {
      await eventually(() => expect(app.app.get(Caches).hearing).toBe(true));
    }
  });
  afterAll(async () => {
    for (const app of [other, strict, calm]) await app.close();
  });
  beforeEach(() => {
    address = `203.0.113.${++count}`;
  });

  async function from(on: TestApp, url = info, call: Call & { method?: 'POST' } = {}) {
    const { token, headers, body, method = 'GET' } = call;
    const response = await on.app.inject({
      method,
      url,
      remoteAddress: address,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { payload: body as object }),
    });
    const json = String(response.headers['content-type']).includes('json');
    const answer = json ? (response.json() as { code?: string }) : {};
    const told = response.headers as Record<string, string>;
    return { status: response.statusCode, code: answer.code, headers: told, body: answer };
  }
  const code = async (...args: Parameters<typeof from>): Promise<string | undefined> =>
    (await from(...args)).code;
  /** Goes on until it is blocked. */
  async function exceed(on = strict, call: Call = {}, url = info): Promise<void> {
    for (let hits = 0; hits < 100; hits++) {
      if ((await code(on, url, call)) === 'throttling.blocked') return;
    }
    throw new Error('not blocked');
  }
  const asAdmin = (method: string, url: string): Promise<Answer> =>
    calm.call(method, url, { token: admin.accessToken });
  const listed = async (subject: string): Promise<Record<string, unknown> | undefined> => {
    const { status, body } = await asAdmin('GET', `${blocksUrl}/${encodeURIComponent(subject)}`);
    return status === 200 ? (body as Record<string, unknown>) : undefined;
  };
  const isListed = (subject: string): Promise<unknown> =>
    eventually(async () => expect(await listed(subject)).toBeDefined());

  it('[PE-02] hold for a minute, on every instance, after ten refusals in a row', async () => {
    const codes: (string | undefined)[] = [];
    for (let hits = 0; hits < 21; hits++) codes.push(await code(strict));
    expect(codes).toEqual([
      ...Array<undefined>(10).fill(undefined),
      ...Array<string>(10).fill('throttling.limit_exceeded'),
      'throttling.blocked',
    ]);
    const blocked = await from(strict, '/api/v1/auth/login', { method: 'POST', body: {} });
    expect(blocked).toMatchObject({ status: 429, code: 'throttling.blocked' });
    const seconds = Number(blocked.headers['retry-after']);
    expect([seconds > 50, seconds <= 60]).toEqual([true, true]);
    expect(blocked.headers['ratelimit']).toBe(`"auth";r=0;t=${seconds}`);
    await eventually(async () => expect(await code(other)).toBe('throttling.blocked'));
    const restarted = await instance();
    expect(await code(restarted)).toBe('throttling.blocked');
    await restarted.close();
  });

  it('[PE-02] are told in the audit trail, listed and read', async () => {
    await exceed();
    await isListed(address);
    const { body } = await asAdmin('GET', `${blocksUrl}/${address}`);
    expect((await asAdmin('GET', blocksUrl)).body.items).toContainEqual(body);
    expect(body).toMatchObject({ kind: 'network', policy: 'anonymous', times: 1 });
    const events = await calm.audit('limits.blocked');
    expect(events.filter(({ target_id }) => target_id === address)).toMatchObject([
      {
        actor_kind: 'system',
        target_kind: 'block',
        payload: { policy: 'anonymous', times: 1, seconds: 60 },
      },
    ]);
    const pages: string[] = [];
    for (let query = '?limit=1'; query;) {
      const page = await asAdmin('GET', `${blocksUrl}${query}`);
      pages.push(...(page.body.items as { subject: string }[]).map(({ subject }) => subject));
      const { nextCursor } = page.body as { nextCursor: string | null };
      query = nextCursor ? `?limit=1&cursor=${encodeURIComponent(nextCursor)}` : '';
    }
    expect(pages).toContain(address);
    expect(new Set(pages).size).toBe(pages.length);
  });

  it('[PE-02] are lifted on every instance, and forgotten', async () => {
    await exceed();
    await isListed(address);
    await eventually(async () => expect(await code(other)).toBe('throttling.blocked'));
    expect((await asAdmin('DELETE', `${blocksUrl}/${address}`)).status).toBe(204);
    for (const app of [strict, other]) {
      await eventually(async () => expect(await code(app)).not.toBe('throttling.blocked'));
    }
    expectProblem(await asAdmin('DELETE', `${blocksUrl}/${address}`), 'limits.not_blocked');
    expectProblem(await asAdmin('GET', `${blocksUrl}/${address}`), 'limits.not_blocked');
    const [event] = (await calm.audit('limits.unblocked')).slice(-1);
    expect(event).toMatchObject({ actor_id: admin.id, target_id: address });
    await exceed();
    await eventually(async () => expect(await listed(address)).toMatchObject({ times: 1 }));
  });

  it('[PE-02] concern a whole /64 of IPv6, and any address of it names it', async () => {
    address = '2001:db8:7:7::1';
    await exceed();
    address = '2001:db8:7:7:ffff::2';
    expect(await code(strict)).toBe('throttling.blocked');
    address = '2001:db8:7:8::1';
    expect(await code(strict)).toBeUndefined();
    await isListed('2001:db8:7:7::/64');
    const read = await asAdmin('GET', `${blocksUrl}/${encodeURIComponent('2001:db8:7:7::9')}`);
    expect(read.body.subject).toBe('2001:db8:7:7::/64');
    const network = encodeURIComponent('2001:db8:7:7::/64');
    expect((await asAdmin('DELETE', `${blocksUrl}/${network}`)).status).toBe(204);
  });

  it('[PE-02] do not touch those behind the address who are signed in', async () => {
    const victim = await calm.member();
    const { body } = await calm.post(
      '/api/v1/api-keys',
      { name: 'victim', scopes: ['users.read'] },
      { token: admin.accessToken },
    );
    const token = victim.accessToken;
    await exceed();
    expect((await from(strict, '/api/v1/users/me', { token })).status).toBe(200);
    const headers = { 'x-api-key': body.key as string };
    expect((await from(strict, '/api/v1/users?limit=1', { headers })).status).toBe(200);
    const { refreshToken } = victim;
    const refresh = { method: 'POST', body: { refreshToken } } as const;
    expect((await from(strict, '/api/v1/auth/refresh', refresh)).status).toBe(200);
    // On public routes, which ask nobody who they are, a credential is looked at all the same.
    expect(await code(strict, '/api/v1/csrf-token')).toBe('throttling.blocked');
    expect(await code(strict, '/api/v1/csrf-token', { token })).toBe('throttling.limit_exceeded');
    expect(await code(other, '/api/v1/csrf-token', { token })).toBeUndefined();
    for (const made of ['x', `${token}x`, token.replace(/\.[^.]+$/, '.AAAA')]) {
      expect(await code(strict, '/api/v1/users/me', { token: made })).toBe('throttling.blocked');
      expect(await code(strict, '/api/v1/csrf-token', { token: made })).toBe('throttling.blocked');
    }
  });

  it('[PE-02] of a signed-in caller follow the caller, and leave address and keys alone', async () => {
    const eve = await calm.administrator();
    const key = await calm.post(
      '/api/v1/api-keys',
      { name: 'eve', scopes: ['users.read'] },
      { token: eve.accessToken },
    );
    const me = '/api/v1/users/me';
    await exceed(strict, { token: eve.accessToken }, me);
    expect(await code(strict)).toBeUndefined();
    address = `198.51.100.${count}`;
    expect(await code(strict, me, { token: eve.accessToken })).toBe('throttling.blocked');
    const headers = { 'x-api-key': key.body.key as string };
    expect((await from(strict, me, { headers })).status).toBe(200);
    await isListed(`user:${eve.id}`);
    await eventually(async () =>
      expect(await code(other, me, { token: eve.accessToken })).toBe('throttling.blocked'),
    );
    const { rows } = await calm.database.superuser.query<{ user_id: string }>(
      `SELECT user_id FROM limit_blocks WHERE kind = 'user' AND id = $1`,
      [eve.id],
    );
    expect(rows).toEqual([{ user_id: eve.id }]);
    await calm.call('DELETE', `${blocksUrl}/user:${eve.id}`, { token: admin.accessToken });
    const exported = await calm.get('/api/v1/users/me/export', { token: eve.accessToken });
    expect(exported.body.data.limitBlocks).toMatchObject([{ kind: 'user', policy: 'user' }]);
  });

  it('[PE-02] cost no look-up', async () => {
    await exceed();
    await isListed(address);
    const asked = jest.spyOn(strict.app.get(Database), 'rows');
    for (let hits = 0; hits < 20; hits++) {
      for (const url of [info, '/api/v1/users', '/api/v1/none', '/api/v1/auth/login']) {
        expect(await code(strict, url)).toBe('throttling.blocked');
      }
    }
    expect(asked.mock.calls.filter(([sql]) => !/limit_|pg_notify/.test(sql))).toEqual([]);
    asked.mockRestore();
  });

  it('[PE-02][V4.1.3] cannot be brought upon others with X-Forwarded-For', async () => {
    const victim = '192.0.2.77';
    for (let hits = 0; hits < 30; hits++) {
      await from(strict, info, { headers: { 'x-forwarded-for': victim } });
    }
    expect(await code(strict)).toBe('throttling.blocked');
    address = victim;
    expect(await code(strict)).toBeUndefined();
  });

  it('[PE-02][V15.4.2] imposed by many at once count once, and the next is twice as long', async () => {
    const repository = strict.app.get(BlocksRepository);
    const imposed: Imposed = {
      subject: { kind: 'network', id: address, userId: null },
      policy: 'auth',
    };
    const all = await Promise.all(
      Array.from({ length: 16 }, () => repository.impose([imposed, imposed])),
    );
    expect(all.flat()).toMatchObject([{ times: 1, seconds: 60 }]);
    const lengths: number[] = [];
    for (let times = 2; times < 10; times++) {
      await calm.database.superuser.query(
        `UPDATE limit_blocks SET blocked_until = now() - interval '1 s' WHERE id = $1`,
        [address],
      );
      lengths.push((await repository.impose([imposed]))[0]!.seconds);
    }
    expect(lengths).toEqual([120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
    await calm.database.superuser.query(
      `UPDATE limit_blocks SET blocked_until = now() - interval '25 hours' WHERE id = $1`,
      [address],
    );
    expect((await repository.impose([imposed]))[0]).toMatchObject({ times: 1, seconds: 60 });
  });

  it('[PE-02] leave out who was erased meanwhile', async () => {
    const gone = randomUUID();
    const written = await strict.app.get(BlocksRepository).impose([
      { subject: { kind: 'user', id: gone, userId: gone }, policy: 'user' },
      { subject: { kind: 'network', id: address, userId: null }, policy: 'auth' },
    ]);
    expect(written.map(({ kind }) => kind)).toEqual(['network']);
  });

  it('[PE-02] of a thousand networks at once all hold, and fill no trail', async () => {
    const before = (await calm.audit()).length;
    const blocks = strict.app.get(Blocks);
    for (let network = 0; network < 1_000; network++) {
      const id = `10.1.${Math.floor(network / 250)}.${network % 250}`;
      for (let violation = 0; violation < 10; violation++) {
        blocks.violated({ kind: 'network', id, userId: null }, id, 'anonymous');
      }
    }
    await eventually(() =>
      expect(other.app.get(Blocks).leftMs('network', '10.1.3.249')).toBeGreaterThan(0),
    );
    const told = (await calm.audit()).slice(before);
    expect(told.filter(({ action }) => action === 'limits.blocked').length).toBeLessThan(30);
    const more = told.filter(({ action }) => action === 'limits.many_blocked');
    expect(more.length).toBeGreaterThan(0);
    expect(more.length).toBeLessThan(10);
  });

  it('[PE-02] are kept while the database is away, and written down when it is back', async () => {
    await calm.database.superuser.query('REVOKE INSERT ON limit_blocks FROM gatehouse_service');
    const impose = jest.spyOn(strict.app.get(BlocksRepository), 'impose');
    await exceed();
    await eventually(() => expect(impose).toHaveBeenCalled());
    await expect(impose.mock.results[0]!.value).rejects.toBeDefined();
    await calm.database.superuser.query('GRANT INSERT ON limit_blocks TO gatehouse_service');
    await eventually(async () => expect(await listed(address)).toBeDefined(), 10_000);
  });

  it('[PE-02] are forgotten a day after their end', async () => {
    const { superuser } = calm.database;
    const aged = `UPDATE limit_blocks SET blocked_until = now() - interval '25 hours'
                  WHERE kind = 'network' RETURNING 1`;
    expect((await superuser.query(aged)).rowCount).toBeGreaterThan(0);
    await calm.app.get(Queue).perform('blocks.clean_up', {}, { id: '1', attempt: 1, last: false });
    const { rows } = await superuser.query(`SELECT 1 FROM limit_blocks WHERE kind = 'network'`);
    expect(rows).toEqual([]);
  });

  it('[PE-02][V8.2.1] are for auditors to see and for administrators to lift', async () => {
    const member = await calm.member();
    const { accessToken: token } = member;
    expectProblem(await calm.get(blocksUrl, { token }), 'access.denied');
    await calm.call('PUT', `/api/v1/users/${member.id}/roles`, {
      token: admin.accessToken,
      body: { roles: ['auditor'] },
    });
    expect((await calm.get(blocksUrl, { token })).status).toBe(200);
    const lifted = await calm.call('DELETE', `${blocksUrl}/203.0.113.1`, { token });
    expectProblem(lifted, 'access.denied');
    for (const name of ['ada', '10.0.0.0%2F8', '%27%20OR%201=1', 'user:ada']) {
      expectProblem(await asAdmin('GET', `${blocksUrl}/${name}`), 'validation.failed');
    }
    for (const query of ['?limit=0', '?cursor=ada', '?cursor=', '?more=1']) {
      expectProblem(await asAdmin('GET', `${blocksUrl}${query}`), 'validation.failed');
    }
  });
});

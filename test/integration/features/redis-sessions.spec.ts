import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SessionCleanup } from '../../../src/features/sessions/session-cleanup.js';
import { KeyRing } from '../../../src/platform/crypto/index.js';
import { MasterKey } from '../../../src/platform/crypto/index.js';
import { eventually } from '../../support/processes.js';
import { describeWithRedis, RedisServer } from '../../support/redis-server.js';
import { type Answer, goodPassword, type SignedIn, TestApp } from '../../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const masterKey = new MasterKey(randomBytes(32), 'the test');

describeWithRedis('Sessions in Redis', () => {
  let database: TestDatabase;
  let redis: RedisServer;
  let app: TestApp;
  let user: SignedIn;

  const instance = (): Promise<TestApp> =>
    TestApp.start({ database, masterKey, env: { REDIS_URL: redis.url } });
  const refresh = (refreshToken = user.refreshToken): Promise<Answer> =>
    app.post('/api/v1/auth/refresh', { refreshToken });
  const login = (): Promise<Answer> =>
    app.post('/api/v1/auth/login', { identifier: user.username, password: goodPassword });
  const me = async (at = app, token = user.accessToken): Promise<number> =>
    (await at.get('/api/v1/users/me', { token })).status;
  const logout = (): Promise<Answer> =>
    app.call('POST', '/api/v1/auth/logout', { token: user.accessToken });
  /** Lets every write of an audit event fail, as a database may at any time. */
  const auditFails = (fails: boolean): Promise<unknown> =>
    database.superuser.query(
      `${fails ? 'REVOKE INSERT ON audit_events FROM' : 'GRANT INSERT ON audit_events TO'} gatehouse_service`,
    );
  const indexOf = (userId: string): string => {
    const key = app.app.get(KeyRing).mac('sessions', `user:${userId}`).toString('base64url');
    return `gatehouse:sessions:u:${key}`;
  };

  beforeEach(async () => {
    database = await createTestDatabase();
    redis = await RedisServer.start(['--appendonly', 'yes']);
    app = await instance();
    user = await app.member();
  });
  afterEach(async () => {
    await app.close();
    await redis.remove();
    await database.drop();
  });

  it('[ID-08] nothing of a user is readable in its files', async () => {
    const agent = 'Ada-Browser/1.0 (a telling name)';
    const address = '203.0.113.77';
    const session = await app.post(
      '/api/v1/auth/login',
      { identifier: user.username, password: goodPassword },
      { headers: { 'user-agent': agent } },
    );
    await refresh(session.body.refreshToken as string);
    await redis.call('SAVE');
    await redis.stop();
    const dump = await readFile(join(redis.folder, 'dump.rdb'));
    expect(dump.includes('gatehouse:sessions:')).toBe(true);
    const claims = session.body.accessToken.split('.')[1] as string;
    const { sid } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sid: string };
    const token = Buffer.from(session.body.refreshToken as string, 'base64url');
    for (const secret of [
      ...[user.id, user.id.replaceAll('-', ''), Buffer.from(user.id.replaceAll('-', ''), 'hex')],
      ...[user.email, user.username, agent, 'Ada-Browser', address, '127.0.0.1', sid],
      ...[token.subarray(0, 16), token.subarray(16), token.toString('base64url')],
    ]) {
      expect([secret, dump.includes(secret)]).toEqual([secret, false]);
    }
    await redis.start();
  });

  it('[ID-08] a sealed value that was moved to another session opens nothing', async () => {
    const eve = await app.member();
    const [mine] = (await redis.call('ZRANGE', indexOf(eve.id), '0', '-1')) as string[];
    const [hers] = (await redis.call('ZRANGE', indexOf(user.id), '0', '-1')) as string[];
    const key = (id: string): string => `gatehouse:sessions:s:${id}`;
    const other = await instance();
    await redis.call('RENAME', key(hers!), key(mine!));
    expect(await me(other, eve.accessToken)).toBe(401);
    await other.close();
  });

  it('[F06] an index that was evicted or deleted ends its sessions: none escapes its user', async () => {
    await redis.call('DEL', indexOf(user.id));
    expect((await refresh()).status).toBe(401);
    const other = await instance();
    expect(await me(other)).toBe(401);
    await other.close();
  });

  it('[F06] Redis that was emptied signs everybody out, cached or not', async () => {
    expect(await me()).toBe(200);
    await redis.call('FLUSHALL');
    await eventually(async () => expect(await me()).toBe(401), 2_500);
    expect((await refresh()).status).toBe(401);
    expect((await login()).status).toBe(200);
  });

  it('[F06] Redis that restarts keeps the sessions that it has on disk', async () => {
    await redis.kill();
    expect(await refresh()).toMatchObject({
      status: 503,
      body: { code: 'redis.unavailable' },
      headers: { 'retry-after': '2' },
    });
    expect(await login()).toMatchObject({ status: 503, body: { code: 'redis.unavailable' } });
    await redis.start();
    await eventually(async () => expect((await refresh()).status).toBe(200), 4_000);
    expect(await me()).toBe(200);
  });

  it('[F06][V7.4.1] Redis that comes back with data of before brings no ended session to life', async () => {
    const kept = await app.signIn(user.id, user.username);
    const gone = await app.signIn(user.id, user.username);
    const guest = await app.member();
    const before = await redis.dump();
    for (const token of [user.accessToken, gone.accessToken]) {
      const left = await app.call('POST', '/api/v1/auth/logout', { token });
      expect(left.status).toBe(204);
    }
    const everywhere = { token: guest.accessToken };
    expect((await app.call('POST', '/api/v1/auth/logout-all', everywhere)).status).toBe(204);
    await redis.restore(before);
    const late = await instance(); // one that has nothing in its caches
    for (const { accessToken, refreshToken } of [user, gone, guest]) {
      expect((await refresh(refreshToken)).status).toBe(401);
      expect([await me(app, accessToken), await me(late, accessToken)]).toEqual([401, 401]);
    }
    await redis.restore(before);
    expect(await me(late, kept.accessToken)).toBe(200);
    const listed = await app.get('/api/v1/auth/sessions', { token: kept.accessToken });
    expect(listed.body.items).toHaveLength(1);
    expect((await refresh(kept.refreshToken)).status).toBe(200);
    await late.close();
  });

  it('[F06] a value that opens nowhere does not keep the other sessions from being ended', async () => {
    const second = await app.signIn(user.id, user.username);
    const [id] = (await redis.call('ZRANGE', indexOf(user.id), '0', '-1')) as string[];
    await redis.call('HSET', `gatehouse:sessions:s:${id}`, 'd', 'not sealed by us');
    const { accessToken: token } = second;
    expect((await app.get('/api/v1/auth/sessions', { token })).body.items).toHaveLength(1);
    expect((await app.call('POST', '/api/v1/auth/logout-all', { token })).status).toBe(204);
    expect(await me(app, token)).toBe(401);
    expect(await redis.call('ZCARD', indexOf(user.id))).toBe(0);
  });

  it('[V7.5.1] who writes to Redis makes no sign-in younger and no session longer', async () => {
    const [id] = (await redis.call('ZRANGE', indexOf(user.id), '0', '-1')) as string[];
    const later = String(Date.now() + 365 * 86_400_000);
    await redis.call('HSET', `gatehouse:sessions:s:${id}`, 'c', later, 'x', later);
    const other = await instance();
    const { body } = await other.get('/api/v1/auth/sessions', { token: user.accessToken });
    const [session] = body.items as [{ createdAt: string; expiresAt: string }];
    expect(Date.parse(session.createdAt)).toBeLessThanOrEqual(Date.now());
    expect(Date.parse(session.expiresAt)).toBeLessThan(Date.now() + 31 * 86_400_000);
    await other.close();
  });

  it('[F06] Redis that hangs: bounded latency, 503, and what is cached goes on', async () => {
    expect(await me()).toBe(200);
    const other = await instance();
    redis.freeze();
    const times: number[] = [];
    for (let i = 0; i < 8; i++) {
      const started = performance.now();
      const answer = await other.get('/api/v1/users/me', { token: user.accessToken });
      times.push(performance.now() - started);
      expect(answer).toMatchObject({ status: 503, body: { code: 'redis.unavailable' } });
      expect(await me()).toBe(200);
    }
    expect(Math.max(...times)).toBeLessThan(600);
    expect(times.sort((a, b) => a - b)[4]).toBeLessThan(100);
    const { body } = await other.get('/api/v1/health');
    const component = body.components.find((each: { name: string }) => each.name === 'redis');
    expect([body.status, component.status, component.required]).toEqual([
      'degraded',
      'degraded',
      false,
    ]);
    expect((await other.get('/health/ready')).status).toBe(200);
    redis.thaw();
    await eventually(async () => expect(await me(other)).toBe(200), 4_000);
    await other.close();
  });

  it('[F06] without Redis at the start it starts, and signs in once Redis is there', async () => {
    await redis.kill();
    const late = await instance();
    expect((await late.get('/health/ready')).status).toBe(200);
    expect(await me(late)).toBe(503);
    await redis.start();
    await eventually(async () => expect(await me(late)).toBe(200), 4_000);
    await late.close();
  });

  it('[ID-08] what is ended at one instance is over at another within a second', async () => {
    const other = await instance();
    for (let i = 0; i < 3; i++) expect(await me(other)).toBe(200);
    expect((await logout()).status).toBe(204);
    await eventually(async () => expect(await me(other)).toBe(401), 1_000);
    await other.close();
  });

  it('[ID-07] an exchange that we could not record locks nobody out, however late it is repeated', async () => {
    await auditFails(true);
    expect((await refresh()).status).toBe(500);
    await auditFails(false);
    const [id] = (await redis.call('ZRANGE', indexOf(user.id), '0', '-1')) as string[];
    const rotated = Number(await redis.call('HGET', `gatehouse:sessions:s:${id}`, 'r'));
    expect(rotated).toBeGreaterThan(Date.now() + 3_600_000);
    const [one, two] = await Promise.all([refresh(), refresh()]);
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(one.body.refreshToken).toBe(two.body.refreshToken);
    const next = await refresh(one.body.refreshToken as string);
    expect(next.status).toBe(200);
    expect((await refresh()).status).toBe(401); // and now it is spent
  });

  it('[ID-08] signing out that we could not record has signed out', async () => {
    const other = await instance();
    expect([await me(), await me(other)]).toEqual([200, 200]);
    await auditFails(true);
    expect((await logout()).status).toBe(500);
    await eventually(async () => expect([await me(), await me(other)]).toEqual([401, 401]), 1_000);
    await auditFails(false);
    await other.close();
  });

  it('[ID-08] a sign-in that we could not record leaves no session', async () => {
    await auditFails(true);
    expect((await login()).status).toBe(500);
    await auditFails(false);
    expect(await redis.call('ZCARD', indexOf(user.id))).toBe(1);
  });

  it('[ID-08] the clean-up removes sessions of before there was a Redis', async () => {
    await database.superuser.query(
      `INSERT INTO sessions (id, user_id, family_hash, secret_hash, idle_expires_at, expires_at)
       VALUES (gen_random_uuid(), $1, 'x', 'x', now() + interval '1 day', now() + interval '1 day')`,
      [user.id],
    );
    expect(await app.app.get(SessionCleanup).run()).toBe(1);
    expect(await me()).toBe(200);
  });

  it('[ID-08] the rights that docs/operations/redis.md names suffice', async () => {
    const page = await readFile('docs/operations/redis.md', 'utf8');
    const [, rights] = /^ACL SETUSER gatehouse on >… (.*)$/m.exec(page)!;
    await redis.call('ACL', 'SETUSER', 'gatehouse', 'on', '>least rights', ...rights!.split(' '));
    const url = new URL(redis.url);
    [url.username, url.password] = ['gatehouse', 'least rights'];
    const env = { REDIS_URL: url.href };
    const limited = await TestApp.start({ database, masterKey, env });
    const guest = await limited.member();
    for (let i = 0; i < 6; i++) await limited.signIn(guest.id, guest.username);
    const again = await limited.signIn(guest.id, guest.username);
    const token = again.accessToken;
    const fresh = await limited.post('/api/v1/auth/refresh', { refreshToken: again.refreshToken });
    const listed = await limited.get('/api/v1/auth/sessions', { token });
    const left = await limited.call('POST', '/api/v1/auth/logout-all', { token });
    expect([fresh.status, listed.status, left.status]).toEqual([200, 200, 204]);
    await limited.close();
  });

  it('[ID-08] sessions expire in Redis by themselves', async () => {
    const brief = await TestApp.start({
      database,
      masterKey,
      env: {
        REDIS_URL: redis.url,
        SESSION_SECONDS: '300',
        SESSION_IDLE_SECONDS: '120',
        ACCESS_TOKEN_SECONDS: '60',
      },
    });
    const guest = await brief.member();
    const keys = (await redis.call('KEYS', 'gatehouse:sessions:*')) as string[];
    const ttls = await Promise.all(keys.map(async (key) => Number(await redis.call('TTL', key))));
    expect(ttls.every((ttl) => ttl > 0)).toBe(true);
    expect(Number(await redis.call('TTL', indexOf(guest.id)))).toBeLessThanOrEqual(300);
    await brief.close();
  });
});

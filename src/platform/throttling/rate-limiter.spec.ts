import type { FastifyReply, FastifyRequest } from 'fastify';

import type { LimitPolicyName } from '../../catalogue/limits.js';
import { loadConfig, PerimeterConfig } from '../config/index.js';
import type { AppError } from '../errors/app-error.js';
import { Metrics } from '../telemetry/metrics.js';
import { violationsInARow } from './block.policy.js';
import { Blocks, type Imposed } from './blocks.js';
import { Counters } from './counters.js';
import { LimitPolicies } from './limit-policies.js';
import { LimitUsage } from './limit-usage.js';
import { RateLimiter } from './rate-limiter.js';
import type { RedisCounters } from './redis-counters.js';

const metrics = new Metrics();
const noRedis = { configured: false, connected: false } as RedisCounters;

function partsWith(env: Record<string, string>) {
  const perimeter = loadConfig(env).get(PerimeterConfig);
  const policies = new LimitPolicies(perimeter);
  const blocks = new Blocks(perimeter);
  const usage = new LimitUsage();
  const counters = new Counters(noRedis, metrics);
  return {
    policies,
    blocks,
    usage,
    limiter: new RateLimiter(policies, counters, blocks, usage, metrics),
  };
}

const limiterWith = (scale: string): RateLimiter => partsWith({ RATE_LIMIT_SCALE: scale }).limiter;

function exchange(
  address: string | null,
  { userId, apiKeyId, requestsPerMinute, sent = {}, url = '/api/v1/users', route = url } = {} as {
    sent?: Record<string, string>;
    userId?: string;
    apiKeyId?: string;
    requestsPerMinute?: number;
    url?: string;
    route?: string;
  },
): { request: FastifyRequest; reply: FastifyReply; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  const request = {
    headers: sent,
    method: 'GET',
    url,
    routeOptions: { url: route },
    context: { address, ...(userId && { principal: { userId, apiKeyId, requestsPerMinute } }) },
  } as unknown as FastifyRequest;
  const header = (name: string, value: string): void => void (headers[name] = value);
  return { request, reply: { header } as unknown as FastifyReply, headers };
}

/** The headers that a counted request is answered with, those of a refusal included. */
function count(
  limiter: RateLimiter,
  { request, reply, headers }: ReturnType<typeof exchange>,
  policy?: LimitPolicyName,
): Record<string, string | undefined> {
  try {
    const later = limiter.count(request, reply, policy);
    if (later) throw new Error('asks another server');
    return headers;
  } catch (error) {
    const { code, context } = error as AppError;
    return { ...headers, ...context.headers, code };
  }
}

describe('Rate limiter', () => {
  it('[PE-01] tells quota, window, rest and reset as structured fields', () => {
    const limiter = limiterWith('1');
    expect(count(limiter, exchange('203.0.113.7'))).toEqual({
      'ratelimit-policy': '"anonymous";q=100;w=60',
      ratelimit: '"anonymous";r=99;t=60',
    });
    expect(count(limiter, exchange('203.0.113.7', { userId: 'ada' }))).toEqual({
      'ratelimit-policy': '"user";q=500;w=60',
      ratelimit: '"user";r=499;t=60',
    });
    expect(count(limiter, exchange('203.0.113.7'), 'auth')).toEqual({
      'ratelimit-policy': '"auth";q=5;w=900',
      ratelimit: '"auth";r=4;t=900',
    });
  });

  it('[PE-01] refuses with Retry-After and counts the refusal', async () => {
    const limiter = limiterWith('0.2');
    const throttled = metrics.counter('throttled_requests_total');
    const before = (await throttled.get()).values.find(({ labels }) => labels['policy'] === 'auth');
    expect(count(limiter, exchange('203.0.113.7'), 'auth')['ratelimit']).toBe('"auth";r=0;t=900');
    expect(count(limiter, exchange('203.0.113.7'), 'auth')).toMatchObject({
      code: 'throttling.limit_exceeded',
      ratelimit: expect.stringMatching(/^"auth";r=0;t=1800$/) as unknown,
      'retry-after': '1800',
    });
    const after = (await throttled.get()).values.find(({ labels }) => labels['policy'] === 'auth');
    expect(after!.value - (before?.value ?? 0)).toBe(1);
  });

  it('[PE-01] scales every quota, never below one', () => {
    expect(count(limiterWith('0.01'), exchange('203.0.113.7'), 'auth')).toMatchObject({
      'ratelimit-policy': '"auth";q=1;w=900',
    });
    expect(count(limiterWith('1000'), exchange('203.0.113.7'))).toMatchObject({
      'ratelimit-policy': '"anonymous";q=100000;w=60',
    });
  });

  it('[PE-01] counts a user wherever they are, and credentials by route and network', () => {
    const limiter = limiterWith('0.01');
    const refused = (told: ReturnType<typeof exchange>, policy?: 'auth'): boolean =>
      count(limiter, told, policy)['code'] !== undefined;
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4']) {
      expect(refused(exchange(address, { userId: 'ada' }))).toBe(false);
    }
    expect(refused(exchange('203.0.113.5', { userId: 'ada' }))).toBe(false);
    expect(refused(exchange('203.0.113.6', { userId: 'ada' }))).toBe(true);
    expect(refused(exchange('203.0.113.6', { userId: 'bob' }))).toBe(false);

    const login = { url: '/api/v1/auth/login' };
    expect(refused(exchange('2001:db8::1', login), 'auth')).toBe(false);
    expect(refused(exchange('2001:db8::ffff:1', { ...login, userId: 'eve' }), 'auth')).toBe(true);
    expect(refused(exchange('2001:db8:0:1::1', login), 'auth')).toBe(false);
    expect(refused(exchange('2001:db8::1', { url: '/api/v1/setup' }), 'auth')).toBe(false);
  });

  it('[PE-01] counts what failed before the guards once, and only under /api', () => {
    const limiter = limiterWith('0.01');
    const first = exchange('203.0.113.7');
    expect(limiter.countUnguarded(first.request, first.reply)).toBeUndefined();
    expect(limiter.countUnguarded(first.request, first.reply)).toBeUndefined();
    const second = exchange('203.0.113.7', { url: '/%61pi/v1/x', route: '/api/v1/x' });
    expect(limiter.countUnguarded(second.request, second.reply)?.code).toBe(
      'throttling.limit_exceeded',
    );
    const outside = exchange('203.0.113.7', { url: '/health/live' });
    expect(limiter.countUnguarded(outside.request, outside.reply)).toBeUndefined();
    expect(outside.headers).toEqual({});
  });

  it('[PE-01] counts who is gone already as one', () => {
    const limiter = limiterWith('0.01');
    expect(count(limiter, exchange(null))['code']).toBeUndefined();
    expect(count(limiter, exchange(null))['code']).toBe('throttling.limit_exceeded');
  });

  it('[PE-01] looks up for a network until too much of it was not there', async () => {
    const limiter = limiterWith('0.02');
    const look = (found: object | null, address: string): Promise<object | null> =>
      limiter.lookUp('unknown-credential', address, () => Promise.resolve(found));
    for (let i = 0; i < 10; i++) expect(await look({}, '203.0.113.7')).toEqual({});
    const away = new Error('the database is away');
    const failing = limiter.lookUp('unknown-credential', '203.0.113.7', () => Promise.reject(away));
    await expect(failing).rejects.toBe(away);
    expect(await look(null, '203.0.113.7')).toBeNull();
    expect(await look(null, '203.0.113.7')).toBeNull();
    await expect(look({}, '203.0.113.7')).rejects.toMatchObject({
      code: 'throttling.limit_exceeded',
      context: { headers: { 'retry-after': expect.any(String) as unknown } },
    });
    expect(await look({}, '203.0.113.8')).toEqual({});
  });

  it('[PE-01] is a storage for @nestjs/throttler', async () => {
    const limiter = limiterWith('1');
    expect(await limiter.increment('key', 60_000, 1)).toEqual({
      totalHits: 1,
      timeToExpire: 60,
      isBlocked: false,
      timeToBlockExpire: 0,
    });
    const blocked = await limiter.increment('key', 60_000, 1);
    expect(blocked).toMatchObject({ totalHits: 1, isBlocked: true });
    expect(blocked.timeToBlockExpire).toBeGreaterThan(59);
  });

  it('[PE-01] counts an API key by a bucket of its own size', () => {
    const limiter = limiterWith('1');
    const key = { userId: 'ada', apiKeyId: 'key', requestsPerMinute: 2 };
    expect(count(limiter, exchange('203.0.113.7', key))).toEqual({
      'ratelimit-policy': '"api-key";q=2;w=60',
      ratelimit: '"api-key";r=1;t=30',
    });
    expect(count(limiter, exchange('203.0.113.8', key))['code']).toBeUndefined();
    const refused = count(limiter, exchange('203.0.113.9', key));
    expect(refused).toMatchObject({ code: 'throttling.limit_exceeded', 'retry-after': '30' });
    expect(count(limiter, exchange('203.0.113.7', { userId: 'ada' }))['code']).toBeUndefined();
  });

  it('[PE-01] takes changed policies at once, and none where they are fixed', () => {
    const { limiter, policies } = partsWith({ RATE_LIMIT_SCALE: '2' });
    const told = (policy?: LimitPolicyName): string | undefined =>
      count(limiter, exchange('203.0.113.7'), policy)['ratelimit-policy'];
    policies.use({ anonymous: { quota: 7, windowSeconds: 30 }, administration: { quota: 1 } });
    expect(told()).toBe('"anonymous";q=14;w=30');
    expect(told('administration')).toBe('"administration";q=120;w=60');
    policies.use({});
    expect(told()).toBe('"anonymous";q=200;w=60');
  });

  it('[PE-02] counts usage by route and by caller, and keeps no addresses', () => {
    const { limiter, usage } = partsWith({ RATE_LIMIT_SCALE: '0.01' });
    count(limiter, exchange('203.0.113.7'));
    count(limiter, exchange('203.0.113.7'));
    count(limiter, exchange('203.0.113.7', { userId: 'ada' }));
    const counts = usage.take();
    const [route, nobody] = ['GET /api/v1/users', { userId: null }];
    expect(counts.map(({ bucket: _, ...rest }) => rest)).toEqual([
      { policy: 'anonymous', route, caller: '', ...nobody, allowed: 1, refused: 1 },
      { policy: 'anonymous', route: '', caller: 'anonymous', ...nobody, allowed: 1, refused: 1 },
      { policy: 'user', route, caller: '', ...nobody, allowed: 1, refused: 0 },
      { policy: 'user', route: '', caller: 'user:ada', userId: 'ada', allowed: 1, refused: 0 },
    ]);
    for (const { bucket, caller } of counts) expect(bucket % (caller ? 3_600 : 60)).toBe(0);
    expect(JSON.stringify(counts)).not.toContain('203.0.113.7');
    expect(usage.take()).toEqual([]);
    usage.putBack(counts);
    expect(usage.take()).toEqual(counts);
  });

  it('[PE-02] counts usage in bounded memory, whoever calls', () => {
    const usage = new LimitUsage();
    const counted = { policy: 'user', route: 'GET /', allowed: true };
    for (let caller = 0; caller < 100_000; caller++) {
      usage.count({ ...counted, caller: `user:${caller}`, userId: `${caller}` });
    }
    const counts = usage.take();
    expect(counts.length).toBeLessThan(2_100);
    const sum = counts.filter(({ caller }) => caller !== '');
    expect(sum.reduce((total, { allowed }) => total + allowed, 0)).toBe(100_000);
    expect(sum.at(-1)).toMatchObject({ caller: 'other', userId: null });
    for (let hour = 0; hour < 100_000; hour++) usage.putBack([{ ...counts[0]!, bucket: hour }]);
    expect(usage.take().length).toBe(20_000);
  });

  it('[PE-02] blocks who goes on after ten refusals in a row, and nobody else', () => {
    const { limiter, blocks } = partsWith({ RATE_LIMIT_SCALE: '0.01' });
    const imposed: Imposed[] = [];
    blocks.onImposed((each) => imposed.push(each));
    const code = (address: string, caller?: object, policy?: LimitPolicyName) =>
      count(limiter, exchange(address, caller as { userId: string }), policy)['code'];
    code('2001:db8::1');
    for (let violation = 1; violation < violationsInARow; violation++) {
      expect(code('2001:db8::1')).toBe('throttling.limit_exceeded');
      expect(imposed).toEqual([]);
    }
    expect(code('2001:db8::2')).toBe('throttling.limit_exceeded');
    const network = { kind: 'network', id: '2001:db8:0:0::/64', userId: null };
    expect(imposed).toEqual([{ subject: network, policy: 'anonymous' }]);
    const blocked = count(limiter, exchange('2001:db8::3'), 'auth');
    expect(blocked).toMatchObject({
      code: 'throttling.blocked',
      'retry-after': '60',
      ratelimit: '"auth";r=0;t=60',
    });
    expect(code('2001:db8::1', { userId: 'ada' })).toBeUndefined();
    expect(code('2001:db8::1', {}, 'refresh')).toBeUndefined();
    expect(code('2001:db8:0:1::1')).toBeUndefined();
    for (let more = 0; more < 50; more++) code('2001:db8::1');
    expect(imposed).toHaveLength(1);
  });

  it('[PE-02] lets no page get its visitors blocked: what it makes browsers do counts apart', () => {
    const { limiter, blocks } = partsWith({ RATE_LIMIT_SCALE: '0.01' });
    const imposed: Imposed[] = [];
    blocks.onImposed((each) => imposed.push(each));
    const sent = { 'sec-fetch-site': 'cross-site' };
    const code = (more: object) => count(limiter, exchange('203.0.113.7', more))['code'];
    for (let hits = 0; hits < 30; hits++) code({ sent });
    expect(code({ sent })).toBe('throttling.blocked'); // nor is the header a way around blocks
    expect(code({})).toBe('throttling.limit_exceeded');
    expect(imposed).toEqual([]);
    for (let hits = 0; hits < 9; hits++) code({});
    expect(imposed).toHaveLength(1);
    const cross = count(limiter, exchange('203.0.113.7', { sent }));
    expect(cross['code']).toBe('throttling.blocked');
  });

  it('[PE-02] does not tell who may be signed in of the block of an address, where nobody asked', () => {
    const { limiter, blocks } = partsWith({});
    const known = { kind: 'network', times: 1, seconds: 60, rememberSeconds: 60 } as const;
    blocks.learn([{ ...known, id: '203.0.113.7' }]);
    const code = (sent: Record<string, string>): string | undefined => {
      const { request, reply } = exchange('203.0.113.7', { sent });
      return limiter.countUnguarded(request, reply)?.code;
    };
    expect(code({})).toBe('throttling.blocked');
    for (const name of ['authorization', 'cookie', 'x-api-key']) {
      expect(code({ [name]: 'x' })).toBeUndefined();
    }
  });

  it('[PE-02] blocks a signed-in caller as a caller, wherever they are, and not the address', () => {
    const { limiter, blocks } = partsWith({ RATE_LIMIT_SCALE: '0.01' });
    const imposed: Imposed[] = [];
    blocks.onImposed((each) => imposed.push(each));
    const ada = { userId: 'ada' };
    const code = (address: string, caller?: typeof ada) =>
      count(limiter, exchange(address, caller))['code'];
    for (let hits = 0; hits < 20; hits++) code('203.0.113.7', ada);
    const subject = { kind: 'user', id: 'ada', userId: 'ada' };
    expect(imposed).toEqual([{ subject, policy: 'user' }]);
    expect(code('203.0.113.8', ada)).toBe('throttling.blocked');
    expect(code('203.0.113.7')).toBeUndefined();
    expect(code('203.0.113.7', { userId: 'bob' })).toBeUndefined();
    for (let hits = 0; hits < 20; hits++) {
      count(limiter, exchange('203.0.113.7', { userId: 'eve', apiKeyId: 'key' }));
    }
    const key = { kind: 'api-key', id: 'key', userId: 'eve' };
    expect(imposed[1]).toEqual({ subject: key, policy: 'api-key' });
    expect(code('203.0.113.7', { userId: 'eve' })).toBeUndefined();
  });

  it('[PE-02] lets nobody pay for refusals of others who share their counter', () => {
    const { limiter, blocks } = partsWith({ RATE_LIMIT_SCALE: '0.01' });
    const imposed: Imposed[] = [];
    blocks.onImposed((each) => imposed.push(each));
    const code = (userId?: string) =>
      count(limiter, exchange('203.0.113.7', userId ? { userId } : {}), 'auth')['code'];
    // By address: those who are signed in behind it are refused with everybody else.
    for (let hits = 0; hits < violationsInARow; hits++) code('eve');
    expect(code('ada')).toBe('throttling.limit_exceeded');
    expect(code()).toBe('throttling.limit_exceeded');
    expect(imposed).toEqual([]);
    code('eve');
    expect(imposed).toMatchObject([{ subject: { kind: 'user', id: 'eve' } }]);
  });

  it('[PE-01] counts HEAD with GET: both do the same work', () => {
    const limiter = limiterWith('0.01');
    const asked = exchange('203.0.113.7', { userId: 'ada' });
    expect(count(limiter, asked, 'export')['code']).toBeUndefined();
    const again = exchange('203.0.113.7', { userId: 'ada' });
    Object.assign(again.request, { method: 'HEAD' });
    expect(count(limiter, again, 'export')['code']).toBe('throttling.limit_exceeded');
  });

  it('[PE-02] counts only refusals of one counter without a request let through in between', () => {
    const { limiter, blocks, policies } = partsWith({ RATE_LIMIT_SCALE: '0.01' });
    const imposed: Imposed[] = [];
    blocks.onImposed((each) => imposed.push(each));
    const code = () => count(limiter, exchange('203.0.113.7'))['code'];
    for (let hits = 0; hits < violationsInARow; hits++) code();
    policies.use({ anonymous: { quota: 1_000 } });
    expect(code()).toBeUndefined();
    policies.use({});
    for (let hits = 1; hits < violationsInARow; hits++) code();
    expect(imposed).toEqual([]);
    code();
    expect(imposed).toHaveLength(1);
  });

  it('[PE-02] never blocks allowed networks, proxies and those who are gone, but limits them', () => {
    const { limiter, blocks } = partsWith({
      RATE_LIMIT_SCALE: '0.01',
      RATE_LIMIT_ALLOWED_NETWORKS: '198.51.100.0/24, 2001:db8:1::/48',
      TRUSTED_PROXIES: '10.0.0.1',
    });
    const imposed: Imposed[] = [];
    blocks.onImposed((each) => imposed.push(each));
    for (const address of ['198.51.100.9', '2001:db8:1:5::1', '10.0.0.1', null]) {
      for (let hits = 0; hits < 40; hits++) count(limiter, exchange(address));
      expect(count(limiter, exchange(address))['code']).toBe('throttling.limit_exceeded');
    }
    const known = { kind: 'network', times: 1, seconds: 60, rememberSeconds: 60 } as const;
    blocks.learn([{ ...known, id: '198.51.100.9' }]);
    expect([blocks.leftMs('network', '198.51.100.9'), imposed]).toEqual([0, []]);
  });

  it('[PE-02] blocks longer each time, forgets after a day, and lifts', () => {
    const { blocks } = partsWith({});
    const id = '203.0.113.7';
    const seconds = (): number => Math.round(blocks.leftMs('network', id) / 1000);
    const impose = (): number => {
      for (let violation = 0; violation < violationsInARow; violation++) {
        blocks.violated({ kind: 'network', id, userId: null }, 'counter', 'anonymous');
      }
      return seconds();
    };
    const known = { kind: 'network', id, seconds: 0 } as const;
    expect(impose()).toBe(60);
    const lengths: number[] = [];
    for (let times = 1; times < 9; times++) {
      blocks.learn([{ ...known, times, rememberSeconds: 100 }]);
      expect(seconds()).toBe(0);
      lengths.push(impose());
    }
    expect(lengths).toEqual([120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
    blocks.learn([{ ...known, times: 9, rememberSeconds: 0 }]);
    expect(impose()).toBe(60);
  });
});

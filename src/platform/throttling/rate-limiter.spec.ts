import type { FastifyReply, FastifyRequest } from 'fastify';

import { loadConfig, PerimeterConfig } from '../config/index.js';
import type { AppError } from '../errors/app-error.js';
import { Metrics } from '../telemetry/metrics.js';
import { RateLimiter } from './rate-limiter.js';

const metrics = new Metrics();
const limiterWith = (scale: string): RateLimiter =>
  new RateLimiter(loadConfig({ RATE_LIMIT_SCALE: scale }).get(PerimeterConfig), metrics);

function exchange(
  address: string | null,
  { userId, url = '/api/v1/users', route = url } = {} as {
    userId?: string;
    url?: string;
    route?: string;
  },
): { request: FastifyRequest; reply: FastifyReply; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  const request = {
    method: 'GET',
    url,
    routeOptions: { url: route },
    context: { address, ...(userId && { principal: { userId } }) },
  } as unknown as FastifyRequest;
  const header = (name: string, value: string): void => void (headers[name] = value);
  return { request, reply: { header } as unknown as FastifyReply, headers };
}

/** The headers that a counted request is answered with, those of a refusal included. */
function count(
  limiter: RateLimiter,
  { request, reply, headers }: ReturnType<typeof exchange>,
  policy?: 'auth',
): Record<string, string | undefined> {
  try {
    limiter.count(request, reply, policy);
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
});

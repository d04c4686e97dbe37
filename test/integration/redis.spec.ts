import { setTimeout as delay } from 'node:timers/promises';

import { Logger } from '@nestjs/common';

import { loadConfig, RedisConfig } from '../../src/platform/config/index.js';
import { Redis, redisScript } from '../../src/platform/redis/index.js';
import { Metrics } from '../../src/platform/telemetry/metrics.js';
import { eventually } from '../support/processes.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';

const echo = redisScript('echo', 'return {ARGV[1], 7, false, KEYS[1]}');
const wrong = redisScript('wrong', "return redis.call('HSET', KEYS[1])");

describeWithRedis('Redis', () => {
  let server: RedisServer;
  let redis: Redis;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    redis.onApplicationShutdown();
    await server.remove();
  });

  async function connect(url = server.url): Promise<void> {
    const env = { REDIS_URL: url, REDIS_TIMEOUT_MS: '200' };
    redis = new Redis(loadConfig(env).get(RedisConfig), new Metrics());
    await redis.onModuleInit();
  }

  /** The code of the refusal, and how long it took. */
  async function refusal(): Promise<[string, number]> {
    const started = performance.now();
    const error: unknown = await redis.ping().catch((reason: unknown) => reason);
    return [(error as { code?: string })?.code ?? 'none', performance.now() - started];
  }

  it('[ID-08] runs scripts, which the server need not know before', async () => {
    await connect();
    const sealed = Buffer.from([0, 255, 10]);
    const answer = [sealed, 7, null, Buffer.from('key')];
    expect(await redis.run(echo, ['key'], [sealed])).toEqual(answer);
    await server.call('SCRIPT', 'FLUSH');
    expect(await redis.run(echo, ['key'], [sealed])).toEqual(answer);
  });

  it('[F06] a mistake in a command of ours is not called an outage', async () => {
    await connect();
    await expect(redis.run(wrong, ['key'], [])).rejects.toThrow(/wrong number of arg/i);
    await redis.ping();
  });

  it('[F06] killed: fails at once, and is back soon after the server', async () => {
    await connect();
    await server.kill();
    await eventually(() => expect(redis.connected).toBe(false), 1_000);
    const [code, ms] = await refusal();
    expect([code, ms < 50]).toEqual(['redis.unavailable', true]);
    await delay(1_000);
    await server.start();
    await eventually(() => redis.ping(), 4_000);
    expect(await redis.run(echo, ['key'], ['again'])).toContainEqual(Buffer.from('again'));
  });

  it('[F06] frozen: one command waits, later ones fail at once; thawed, it is used again', async () => {
    await connect();
    server.freeze();
    const waited = await Promise.all(Array.from({ length: 50 }, refusal));
    expect(new Set(waited.map(([code]) => code))).toEqual(new Set(['redis.unavailable']));
    expect(Math.max(...waited.map(([, ms]) => ms))).toBeLessThan(400);
    for (let i = 0; i < 10; i++) {
      const [code, ms] = await refusal();
      expect([code, ms < 50]).toEqual(['redis.unavailable', true]);
      await delay(100);
    }
    server.thaw();
    await eventually(() => redis.ping(), 4_000);
  });

  it('[F06] frozen while nobody asks: noticed by itself', async () => {
    await connect();
    server.freeze();
    await eventually(() => expect(redis.connected).toBe(false), 3_000);
  });

  it('[F06] away at the start: the start does not wait, and it comes later', async () => {
    await server.kill();
    await connect();
    expect(await refusal()).toContain('redis.unavailable');
    await server.start();
    await eventually(() => redis.ping(), 4_000);
  });

  it('[F06] every connection is dropped, 20 times: it comes back, nothing escapes', async () => {
    await connect();
    for (let i = 0; i < 20; i++) {
      await server.call('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => undefined);
      await eventually(() => redis.ping(), 2_000);
    }
  });

  it('[F06] a server that is full or read-only is an outage, not a defect of ours', async () => {
    await connect();
    await server.call('CONFIG', 'SET', 'maxmemory', '1');
    const write = redisScript('write', "return redis.call('SET', KEYS[1], 1)");
    await expect(redis.run(write, ['key'], [])).rejects.toMatchObject({
      code: 'redis.unavailable',
    });
    await server.call('CONFIG', 'SET', 'maxmemory', '0');
    await server.call('REPLICAOF', '127.0.0.1', '1');
    await expect(redis.run(write, ['key'], [])).rejects.toMatchObject({
      code: 'redis.unavailable',
    });
  });

  it.each(['a wrong password', 'TLS to a server that speaks none'])(
    '[F06][V12.3.2] %s: away, and the service lives',
    async (kind) => {
      const url = new URL(server.url);
      if (kind === 'a wrong password') url.password = 'wrong';
      await connect(kind === 'a wrong password' ? url.href : url.href.replace('redis:', 'rediss:'));
      expect(await refusal()).toContain('redis.unavailable');
    },
  );
});

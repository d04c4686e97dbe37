import { randomBytes } from 'node:crypto';

import { loadConfig, RedisConfig } from '../../src/platform/config/index.js';
import { MasterKey } from '../../src/platform/crypto/index.js';
import { Redis, type RedisScript, redisScript } from '../../src/platform/redis/index.js';
import { Metrics } from '../../src/platform/telemetry/metrics.js';
import { hitSlidingWindow, hitTokenBucket } from '../../src/platform/throttling/counter-scripts.js';
import { LocalCounters } from '../../src/platform/throttling/local-counters.js';
import { RedisCounters } from '../../src/platform/throttling/redis-counters.js';
import { type Decision, resetSeconds, type Rule } from '../../src/platform/throttling/rule.js';
import { eventually } from '../support/processes.js';
import { random } from '../support/random.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const seeds = Array.from({ length: 10 }, (_, index) => index + 1);

/** The script with the clock in the test's hands. */
function timed(script: RedisScript): RedisScript {
  const text = script.text.replace("redis.call('TIME')", '{ARGV[4], ARGV[5]}');
  if (text === script.text) throw new Error('the script asks no clock');
  return redisScript(`timed_${script.name}`, text);
}

describeWithRedis('Limits in Redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.remove());

  describe.each([
    ['sliding-window', timed(hitSlidingWindow)],
    ['token-bucket', timed(hitTokenBucket)],
  ] as const)('the script of %s', (algorithm, script) => {
    let redis: Redis;

    beforeAll(async () => {
      const config = loadConfig({ REDIS_URL: server.url, REDIS_TIMEOUT_MS: '5000' });
      redis = new Redis(config.get(RedisConfig), new Metrics());
      await redis.onModuleInit();
    });
    afterAll(() => redis.onApplicationShutdown());

    /** @param micros since 1970 */
    async function hit(key: string, rule: Rule, micros: number): Promise<Decision> {
      const time = [Math.floor(micros / 1e6), micros % 1e6];
      const { quota, windowMs, burst } = rule;
      const reply = await redis.run(script, [key], [quota, windowMs, burst, ...time]);
      const [allowed, remaining, resetMs] = reply as [number, number, number];
      return { allowed: allowed === 1, remaining, resetMs };
    }

    it.each(seeds)('[PE-01] decides as the local counter does (seed %i)', async (seed) => {
      const next = random(seed);
      const quota = 1 + Math.floor(next() * 30);
      const windowMs = 30_000 * (1 + Math.floor(next() * 20));
      const rule = { algorithm, quota, windowMs, burst: 1 + Math.floor(next() * quota) };
      const local = new LocalCounters();
      let micros = 1_790_000_000_000_000 + Math.floor(next() * 1e9);
      for (let step = 0; step < 150; step++) {
        const now = Math.floor(micros / 1e6) * 1000 + (micros % 1e6) / 1000;
        const expected = local.hit('key', rule, now);
        const told = await hit(`${algorithm}-${seed}`, rule, micros);
        expect([step, { ...told, resetMs: 0 }]).toEqual([step, { ...expected, resetMs: 0 }]);
        expect(Math.abs(told.resetMs - expected.resetMs)).toBeLessThan(1.1);
        const pause = next() < 0.1 ? windowMs * 1.7 : (windowMs / quota) * 1.5;
        micros += Math.floor(next() * pause * 1000);
      }
    });

    it.each(seeds)('[PE-01] lets in who waits as long as it said (seed %i)', async (seed) => {
      const next = random(seed * 7919);
      const quota = 1 + Math.floor(next() * 10);
      const windowMs = 30_000 * (1 + Math.floor(next() * 30));
      const rule = { algorithm, quota, windowMs, burst: 1 + Math.floor(next() * quota) };
      let micros = 1_790_000_000_000_000 + Math.floor(next() * 1e9);
      for (let step = 0; step < 100; step++) {
        const key = `wait-${algorithm}-${seed}`;
        const told = await hit(key, rule, micros);
        if (told.allowed) {
          micros += next() < 0.2 ? Math.floor(next() * windowMs * 1000) : 0;
          continue;
        }
        micros += resetSeconds(told) * 1e6;
        expect([step, (await hit(key, rule, micros)).allowed]).toEqual([step, true]);
      }
    });

    it('[PE-01] bears a clock that is set back, and what is no counter', async () => {
      const rule = { algorithm, quota: 2, windowMs: 60_000, burst: 2 };
      const micros = 1_790_000_000_000_000;
      expect((await hit('clock', rule, micros)).allowed).toBe(true);
      expect((await hit('clock', rule, micros - 9e9)).allowed).toBe(true);
      const refused = await hit('clock', rule, micros - 9e9);
      expect(refused.allowed).toBe(false);
      expect(refused.resetMs).toBeLessThanOrEqual(120_000);
      await server.call('SET', 'rubbish', 'no counter at all');
      expect(await hit('rubbish', rule, micros)).toMatchObject({ allowed: true, remaining: 1 });
    });

    it('[PE-01] keeps a counter no longer than it says something', async () => {
      const rule = { algorithm, quota: 2, windowMs: 60_000, burst: 2 };
      await hit('ends', rule, 1_790_000_000_000_000);
      const ttl = Number(await server.call('PTTL', 'ends'));
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(120_000);
    });
  });

  describe('with two instances', () => {
    let database: TestDatabase;
    let apps: [TestApp, TestApp];
    let client = 0;

    beforeAll(async () => {
      database = await createTestDatabase();
      const masterKey = new MasterKey(randomBytes(32), 'the test');
      const env = { REDIS_URL: server.url, REDIS_TIMEOUT_MS: '2000', RATE_LIMIT_SCALE: '1' };
      apps = [
        await TestApp.start({ database, masterKey, env }),
        await TestApp.start({ database, masterKey, env }),
      ];
    });
    afterAll(async () => {
      for (const app of apps) await app.close();
      await database.drop();
    });
    beforeEach(async () => {
      client++;
      patience(5_000); // what is counted is asked here, on a machine that is busy with others
      for (const instance of [0, 1] as const) {
        await eventually(async () => {
          client++;
          expect(await store(() => ask(instance))).toBe('redis');
        }, 10_000);
      }
      client++;
    });

    const addressOf = (number: number): string => `203.0.${number >> 8}.${number & 255}`;
    /** Asks as somebody new, since who was refused often is blocked by now. */
    const isBack = (): Promise<unknown> =>
      eventually(async () => {
        client++;
        expect(await store(() => ask(1))).toBe('redis');
      }, 10_000);
    const patience = (ms: number): void => {
      for (const app of apps) app.app.get(RedisCounters).longestMs = ms;
    };
    const ask = async (instance: 0 | 1): Promise<{ status: number; rest: number }> => {
      const remoteAddress = addressOf(client);
      const { statusCode, headers } = await apps[instance].app.inject({
        url: '/api/v1/info',
        remoteAddress,
      });
      const rest = Number(/;r=(\d+)/.exec(String(headers['ratelimit']))?.[1]);
      return { status: statusCode, rest };
    };
    const decisions = async (): Promise<Record<string, number>> => {
      const { values } = await new Metrics().counter('limit_decisions_total').get();
      return Object.fromEntries(values.map(({ labels, value }) => [labels['store'], value]));
    };
    /** Which store decided. */
    const store = async (work: () => Promise<unknown>): Promise<string> => {
      const before = await decisions();
      await work();
      const after = await decisions();
      return Object.keys(after)
        .filter((name) => after[name]! > (before[name] ?? 0))
        .join();
    };

    it('[PE-01] holds one limit, however many ask at once', async () => {
      const statuses: number[] = [];
      const queue = Array.from({ length: 300 }, (_, index) => (index % 2) as 0 | 1);
      const worker = async (): Promise<void> => {
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
          statuses.push((await ask(next)).status);
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      const allowed = statuses.filter((status) => status === 200).length;
      expect(Math.abs(allowed - 100)).toBeLessThanOrEqual(2);
      expect(new Set(statuses)).toEqual(new Set([200, 429]));
    });

    it('[PE-01] shares what failed before the guards as well', async () => {
      for (let hits = 0; hits < 4; hits++) {
        await apps[0].app.inject({ url: '/api/v1/none', remoteAddress: addressOf(client) });
      }
      await eventually(async () => expect((await ask(1)).rest).toBeLessThanOrEqual(95));
    });

    it('[PE-01] names no client in Redis, and everything there ends by itself', async () => {
      await ask(0);
      const keys = (await server.call('KEYS', 'gatehouse:limits:*')) as string[];
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) {
        expect(key).toMatch(/^gatehouse:limits:[\w-]{22}$/);
        expect(Number(await server.call('PTTL', key))).toBeGreaterThan(0);
      }
    });

    it('[PE-01][F06] counts on by itself while Redis hangs, and returns to it', async () => {
      for (let hits = 0; hits < 10; hits++) await ask(0);
      patience(80);
      server.freeze();
      try {
        expect(await store(() => ask(0))).toBe('fallback');
        const rests: number[] = [];
        for (let hits = 0; hits < 92; hits++) rests.push((await ask(0)).rest);
        expect(rests[0]).toBe(88); // the ten before count here, too
        const statuses = [await ask(0), await ask(1)].map(({ status }) => status);
        expect(statuses).toEqual([429, 200]);
      } finally {
        server.thaw();
      }
      patience(5_000);
      await isBack();
    });

    it('[PE-01][F06] counts on by itself when Redis dies, and returns to it', async () => {
      await ask(0);
      await server.kill();
      await eventually(async () => expect(await store(() => ask(0))).toBe('fallback'));
      const statuses: number[] = [];
      for (let hits = 0; hits < 110; hits++) statuses.push((await ask(0)).status);
      expect(statuses.filter((status) => status === 200).length).toBeLessThan(100);
      expect(statuses.at(-1)).toBe(429);
      await server.start();
      await isBack();
    });

    it('[PE-01][F06] counts on by itself while Redis takes no writes', async () => {
      await server.call('CONFIG', 'SET', 'maxmemory', '1');
      try {
        expect(await store(() => ask(0))).toBe('fallback');
        expect((await ask(0)).rest).toBe(98);
      } finally {
        await server.call('CONFIG', 'SET', 'maxmemory', '0');
      }
      await eventually(async () => {
        client++;
        expect(await store(() => ask(0))).toBe('redis');
      }, 10_000);
    });
  });
});

import { random } from '../../../test/support/random.js';
import { LocalCounters } from './local-counters.js';
import { type Decision, resetSeconds, type Rule } from './rule.js';

const windowOf = (quota: number, windowMs: number): Rule => ({
  algorithm: 'sliding-window',
  quota,
  windowMs,
  burst: quota,
});
const bucketOf = (quota: number, windowMs: number, burst = quota): Rule => ({
  algorithm: 'token-bucket',
  quota,
  windowMs,
  burst,
});

/** The rule of the sliding window, told as a log of all that was let through. */
class WindowModel {
  readonly allowed: number[] = [];

  constructor(
    private readonly rule: Rule,
    private readonly start: number,
  ) {}

  hit(now: number): boolean {
    const { quota, windowMs } = this.rule;
    const windowStart = now - ((now - this.start) % windowMs);
    const current = this.allowed.filter((time) => time >= windowStart).length;
    const previous = this.allowed.filter(
      (time) => time < windowStart && time >= windowStart - windowMs,
    ).length;
    const covered = 1 - (now - windowStart) / windowMs;
    const allowed = current + previous * covered + 1 <= quota + 1e-6;
    if (allowed) this.allowed.push(now);
    return allowed;
  }
}

/** Most requests in any span of one window's length. */
function most(times: readonly number[], windowMs: number): number {
  return Math.max(
    ...times.map((from) => times.filter((time) => time >= from && time < from + windowMs).length),
  );
}

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

describe('Sliding window', () => {
  it.each(seeds)('[PE-01] decides as a full log would (seed %i)', (seed) => {
    const next = random(seed);
    const rule = windowOf(1 + Math.floor(next() * 20), 1_000 * (1 + Math.floor(next() * 60)));
    let now = Math.floor(next() * 1e6);
    const counters = new LocalCounters();
    const model = new WindowModel(rule, now);
    for (let step = 0; step < 200; step++) {
      const { allowed, remaining } = counters.hit('key', rule, now);
      if (allowed !== model.hit(now) || remaining < 0 || remaining >= rule.quota) {
        throw new Error(`step ${step}: ${allowed}, ${remaining}`);
      }
      const pause = next() < 0.1 ? rule.windowMs * 2.5 : (rule.windowMs / rule.quota) * 1.5;
      now += Math.floor(next() * pause);
    }
    // The price of few numbers a key: a burst around the border of two windows can exceed.
    expect(most(model.allowed, rule.windowMs)).toBeLessThan(2 * rule.quota);
  });

  it('[PE-01] says how many are left, and when the window is over', () => {
    const counters = new LocalCounters();
    const rule = windowOf(3, 10_000);
    const told: Decision[] = [0, 0, 400].map((now) => counters.hit('key', rule, now));
    expect(told).toEqual([
      { allowed: true, remaining: 2, resetMs: 10_000 },
      { allowed: true, remaining: 1, resetMs: 10_000 },
      { allowed: true, remaining: 0, resetMs: 9_600 },
    ]);
    expect(resetSeconds(told[2]!)).toBe(10);
    expect(counters.hit('key', rule, 500)).toMatchObject({ allowed: false, remaining: 0 });
  });
});

describe('Token bucket', () => {
  it.each(seeds)('[PE-01] lets through a burst and its rate, and no more (seed %i)', (seed) => {
    const next = random(seed);
    const quota = 1 + Math.floor(next() * 50);
    const burst = 1 + Math.floor(next() * quota);
    const rule = bucketOf(quota, 1_000 * (1 + Math.floor(next() * 60)), burst);
    const counters = new LocalCounters();
    const allowed: number[] = [];
    for (let now = 0, step = 0; step < 400; step++) {
      const told = counters.hit('key', rule, now);
      if (told.allowed) allowed.push(now);
      if (told.remaining < 0 || told.remaining >= burst) throw new Error(`${told.remaining}`);
      now += next() * (next() < 0.1 ? rule.windowMs : (rule.windowMs / quota) * 1.5);
    }
    for (let from = 0; from < allowed.length; from++) {
      for (let to = from; to < allowed.length; to++) {
        const most = burst + ((allowed[to]! - allowed[from]!) * quota) / rule.windowMs;
        if (to - from + 1 > most + 1e-3) throw new Error(`${to - from + 1} of ${most}`);
      }
    }
  });

  it('[PE-01] is full at first and refilled evenly', () => {
    const counters = new LocalCounters();
    const rule = bucketOf(60, 60_000, 2);
    const hit = (now: number): Decision => counters.hit('key', rule, now);
    expect([hit(0), hit(0)].map(({ remaining }) => remaining)).toEqual([1, 0]);
    expect(hit(0)).toEqual({ allowed: false, remaining: 0, resetMs: 1_000 });
    expect(hit(999).allowed).toBe(false);
    expect(hit(1_000)).toMatchObject({ allowed: true, remaining: 0 });
    expect(hit(60_000)).toMatchObject({ allowed: true, remaining: 1 });
  });

  it('[PE-01] promises no more requests in a time than its rate gives', () => {
    const counters = new LocalCounters();
    const rule = bucketOf(500, 60_000);
    for (let hits = 0; hits < 500; hits++) {
      const { remaining, resetMs } = counters.hit('key', rule, 0);
      expect(remaining / resetMs).toBeLessThanOrEqual(500 / 60_000 + 1e-9);
    }
  });
});

describe.each(['sliding-window', 'token-bucket'] as const)('Local counters, %s', (algorithm) => {
  const ruleOf = (quota: number, windowMs: number): Rule => ({
    ...windowOf(quota, windowMs),
    algorithm,
  });

  it.each(seeds)('[PE-01] let in who waits as long as they said (seed %i)', (seed) => {
    const next = random(seed * 7919);
    const windowMs = 1_000 * (1 + Math.floor(next() * 900));
    const rule = { ...ruleOf(1 + Math.floor(next() * 10), windowMs) };
    if (next() < 0.5) Object.assign(rule, { burst: Math.ceil(next() * rule.quota) });
    const counters = new LocalCounters();
    let now = next() < 0.5 ? next() * 1e6 : Math.floor(next() * 1e6);
    for (let step = 0; step < 1_000; step++) {
      const decision = counters.hit('key', rule, now);
      if (decision.allowed) {
        now += next() < 0.2 ? Math.floor(next() * windowMs) : 0;
        continue;
      }
      const seconds = resetSeconds(decision);
      now += seconds * 1_000;
      const waited = counters.hit('key', rule, now).allowed;
      if (!waited || seconds < 1 || seconds > (2 * windowMs) / 1_000) {
        throw new Error(`step ${step}: told to wait ${seconds} s`);
      }
    }
  });

  it('[PE-01] do not count what they refuse', () => {
    const counters = new LocalCounters();
    const rule = ruleOf(1, 1_000);
    expect(counters.hit('key', rule, 0).allowed).toBe(true);
    for (let now = 1; now < 1_000; now++) {
      expect(counters.hit('key', rule, now).allowed).toBe(false);
    }
    expect(counters.hit('key', rule, 2_000).allowed).toBe(true);
  });

  it('[PE-01] look without counting', () => {
    const counters = new LocalCounters();
    const rule = ruleOf(1, 1_000);
    for (let look = 0; look < 3; look++) expect(counters.look('key', rule, 0).allowed).toBe(true);
    expect(counters.size).toBe(0);
    counters.hit('key', rule, 0);
    expect(counters.look('key', rule, 0).allowed).toBe(false);
  });

  it('[PE-01] hold a smaller quota at once, and owe nothing beyond it', () => {
    const counters = new LocalCounters();
    for (let hits = 0; hits < 90; hits++) counters.hit('key', ruleOf(100, 60_000), 0);
    const refused = counters.hit('key', ruleOf(5, 1_000), 0);
    expect(refused.allowed).toBe(false);
    expect(refused.resetMs).toBeLessThanOrEqual(2_000);
    expect(counters.hit('key', ruleOf(5, 1_000), 2_000).allowed).toBe(true);
    expect(counters.hit('key', ruleOf(100, 60_000), 2_000).allowed).toBe(true);
  });

  it('[PE-01] count keys apart and forget those not used for longest', () => {
    const counters = new LocalCounters(3, 1);
    const hit = (key: string): number => counters.hit(key, ruleOf(5, 60_000), 0).remaining;
    expect(['a', 'b', 'c'].map(hit)).toEqual([4, 4, 4]);
    expect(hit('a')).toBe(3); // used again, so `b` is the oldest
    expect(hit('d')).toBe(4);
    expect(hit('a')).toBe(2);
    expect(hit('b')).toBe(4);
  });

  it('[PE-01] keep to their bound of memory with a million addresses, and forget nobody who ran out', () => {
    const counters = new LocalCounters(1_000, 100);
    const rule = ruleOf(3, 60_000);
    for (let hits = 0; hits < 3; hits++) counters.hit('attacker', rule, 0);
    const addresses = algorithm === 'sliding-window' ? 1_000_000 : 10_000; // one is slow enough
    for (let index = 0; index < addresses; index++) counters.hit(`address-${index}`, rule, 0);
    expect(counters.size).toBe(1_001);
    expect(counters.hit('attacker', rule, 0).allowed).toBe(false);
    // Only as many others who ran out push it out, and they cost more requests than it is worth.
    for (let index = 0; index < 100; index++) {
      for (let hits = 0; hits < 3; hits++) counters.hit(`other-${index}`, rule, 0);
    }
    expect(counters.size).toBeLessThanOrEqual(1_100);
    expect(counters.hit('attacker', rule, 0).allowed).toBe(true);
  });

  it('[PE-01] are not moved by a change of the wall clock', () => {
    const counters = new LocalCounters();
    jest.useFakeTimers({ doNotFake: ['performance'], now: 0 });
    try {
      expect(counters.hit('key', ruleOf(1, 60_000)).allowed).toBe(true);
      for (const time of [-1e12, 1e12, 2e12]) {
        jest.setSystemTime(time);
        expect(counters.hit('key', ruleOf(1, 60_000)).allowed).toBe(false);
      }
    } finally {
      jest.useRealTimers();
    }
  });
});

it('[PE-01] A counter of another algorithm begins anew', () => {
  const counters = new LocalCounters();
  expect(counters.hit('key', windowOf(1, 60_000), 0).allowed).toBe(true);
  expect(counters.hit('key', windowOf(1, 60_000), 0).allowed).toBe(false);
  expect(counters.hit('key', bucketOf(1, 60_000), 0).allowed).toBe(true);
  expect(counters.hit('key', bucketOf(1, 60_000), 0).allowed).toBe(false);
});

import { type Decision, SlidingWindow } from './sliding-window.js';

/** Numbers that look random and are the same in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same rule, told as a log of all that was let through. */
class Model {
  private readonly allowed: number[] = [];
  private readonly start: number;

  constructor(
    private readonly quota: number,
    private readonly windowMs: number,
    start: number,
  ) {
    this.start = start;
  }

  hit(now: number): boolean {
    const windowStart = now - ((now - this.start) % this.windowMs);
    const current = this.allowed.filter((time) => time >= windowStart).length;
    const previous = this.allowed.filter(
      (time) => time < windowStart && time >= windowStart - this.windowMs,
    ).length;
    const covered = 1 - (now - windowStart) / this.windowMs;
    const allowed = current + previous * covered + 1 <= this.quota + 1e-6;
    if (allowed) this.allowed.push(now);
    return allowed;
  }

  /** Most requests in any span of one window's length. */
  most(): number {
    return Math.max(
      ...this.allowed.map(
        (from) => this.allowed.filter((time) => time >= from && time < from + this.windowMs).length,
      ),
    );
  }
}

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

describe('Sliding window', () => {
  it.each(seeds)('[PE-01] decides as a full log would (seed %i)', (seed) => {
    const next = random(seed);
    const quota = 1 + Math.floor(next() * 20);
    const windowMs = 1_000 * (1 + Math.floor(next() * 60));
    let now = Math.floor(next() * 1e6);
    const window = new SlidingWindow();
    const model = new Model(quota, windowMs, now);
    for (let step = 0; step < 200; step++) {
      const { allowed, remaining } = window.hit('key', quota, windowMs, now);
      if (allowed !== model.hit(now) || remaining < 0 || remaining >= quota) {
        throw new Error(`step ${step}: ${allowed}, ${remaining}`);
      }
      const pause = next() < 0.1 ? windowMs * 2.5 : (windowMs / quota) * 1.5;
      now += Math.floor(next() * pause);
    }
    // The price of two numbers a key: a burst around the border of two windows can exceed.
    expect(model.most()).toBeLessThan(2 * quota);
  });

  it.each(seeds)('[PE-01] lets in who waits as long as it said (seed %i)', (seed) => {
    const next = random(seed * 7919);
    const quota = 1 + Math.floor(next() * 10);
    const windowMs = 1_000 * (1 + Math.floor(next() * 900));
    const window = new SlidingWindow();
    let now = next() < 0.5 ? next() * 1e6 : Math.floor(next() * 1e6);
    for (let step = 0; step < 2_000; step++) {
      const { allowed, resetSeconds } = window.hit('key', quota, windowMs, now);
      if (allowed) {
        now += next() < 0.2 ? Math.floor(next() * windowMs) : 0;
        continue;
      }
      now += resetSeconds * 1_000;
      const waited = window.hit('key', quota, windowMs, now).allowed;
      if (!waited || resetSeconds < 1 || resetSeconds > (2 * windowMs) / 1_000) {
        throw new Error(`step ${step}: told to wait ${resetSeconds} s`);
      }
    }
  });

  it('[PE-01] says how many are left, and when the quota is whole again', () => {
    const window = new SlidingWindow();
    const told: Decision[] = [0, 0, 400].map((now) => window.hit('key', 3, 10_000, now));
    expect(told).toEqual([
      { allowed: true, remaining: 2, resetSeconds: 10 },
      { allowed: true, remaining: 1, resetSeconds: 10 },
      { allowed: true, remaining: 0, resetSeconds: 10 },
    ]);
    expect(window.hit('key', 3, 10_000, 500)).toMatchObject({ allowed: false, remaining: 0 });
  });

  it('[PE-01] does not count what it refuses', () => {
    const window = new SlidingWindow();
    expect(window.hit('key', 1, 1_000, 0).allowed).toBe(true);
    for (let now = 1; now < 1_000; now++) {
      expect(window.hit('key', 1, 1_000, now).allowed).toBe(false);
    }
    expect(window.hit('key', 1, 1_000, 2_000).allowed).toBe(true);
  });

  it('[PE-01] counts keys apart and forgets the least recently used beyond its bound', () => {
    const window = new SlidingWindow(3);
    const hit = (key: string): boolean => window.hit(key, 1, 60_000, 0).allowed;
    expect(['a', 'b', 'c'].map(hit)).toEqual([true, true, true]);
    expect(hit('a')).toBe(false); // used again, so `b` is the oldest
    expect(hit('d')).toBe(true);
    expect(hit('a')).toBe(false);
    expect(hit('b')).toBe(true);
  });

  it('[PE-01] keeps to its bound of memory under a flood of keys', () => {
    const window = new SlidingWindow(1_000);
    for (let index = 0; index < 50_000; index++) window.hit(`key-${index}`, 5, 60_000, 0);
    const counters = (window as unknown as { counters: { size: number } }).counters;
    expect(counters.size).toBe(1_000);
  });

  it('[PE-01] is not moved by a change of the wall clock', () => {
    const window = new SlidingWindow();
    jest.useFakeTimers({ doNotFake: ['performance'], now: 0 });
    try {
      expect(window.hit('key', 1, 60_000).allowed).toBe(true);
      for (const time of [-1e12, 1e12, 2e12]) {
        jest.setSystemTime(time);
        expect(window.hit('key', 1, 60_000).allowed).toBe(false);
      }
    } finally {
      jest.useRealTimers();
    }
  });
});

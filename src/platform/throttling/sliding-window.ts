import { LRUCache } from 'lru-cache';

export interface Decision {
  allowed: boolean;
  /** Requests left in the window after this one. */
  remaining: number;
  /** Seconds until at least one request is allowed again, or until the quota is whole again. */
  resetSeconds: number;
}

interface Counter {
  /** Start of the current fixed window, milliseconds on the monotonic clock. */
  start: number;
  current: number;
  previous: number;
}

/** Doubles are not exact: who comes at the very moment that was told must be let in. */
const tolerance = 1e-6;

/**
 * Sliding-window counter: two fixed windows, the previous one weighted by how much of it the
 * sliding window still covers. O(1) time and two numbers a key, whatever the quota. A refused
 * request is not counted, so waiting always helps. Time is monotonic: a clock set back or
 * forward changes nothing.
 */
export class SlidingWindow {
  private readonly counters: LRUCache<string, Counter>;

  /** @param maxKeys keys kept; beyond it the least recently used are forgotten */
  constructor(maxKeys = 100_000) {
    this.counters = new LRUCache({ max: maxKeys });
  }

  hit(key: string, quota: number, windowMs: number, now = performance.now()): Decision {
    const counter = this.counterAt(key, windowMs, now);
    const decision = decide(counter, quota, windowMs, now - counter.start);
    if (decision.allowed) counter.current++;
    return decision;
  }

  /** What a hit would be told; counts nothing. */
  look(key: string, quota: number, windowMs: number, now = performance.now()): Decision {
    const counter = this.counterAt(key, windowMs, now);
    return decide(counter, quota, windowMs, now - counter.start);
  }

  private counterAt(key: string, windowMs: number, now: number): Counter {
    const counter = this.counters.get(key);
    if (!counter) {
      const fresh = { start: now, current: 0, previous: 0 };
      this.counters.set(key, fresh);
      return fresh;
    }
    const windowsPassed = Math.floor((now - counter.start) / windowMs);
    if (windowsPassed > 0) {
      counter.previous = windowsPassed === 1 ? counter.current : 0;
      counter.current = 0;
      counter.start += windowsPassed * windowMs;
    }
    return counter;
  }
}

function decide(counter: Counter, quota: number, windowMs: number, age: number): Decision {
  const used = counter.current + counter.previous * (1 - age / windowMs);
  if (used + 1 > quota + tolerance) {
    return {
      allowed: false,
      remaining: 0,
      resetSeconds: waitSeconds(counter, quota, windowMs, age),
    };
  }
  return {
    allowed: true,
    remaining: Math.max(0, Math.floor(quota - used - 1)),
    resetSeconds: Math.ceil((windowMs - age) / 1000),
  };
}

/** Whole seconds, rounded up, after which `hit` is allowed if nobody else hits in between. */
function waitSeconds(counter: Counter, quota: number, windowMs: number, age: number): number {
  const { current, previous } = counter;
  // In this window: previous * (1 - age'/window) must fall to quota - 1 - current.
  if (current <= quota - 1) {
    const ageAllowed = windowMs * (1 - (quota - 1 - current) / previous);
    return Math.ceil((ageAllowed - age) / 1000) || 1;
  }
  // In the next one: today's current becomes previous.
  const ageAllowed = windowMs * (1 - (quota - 1) / current);
  return Math.ceil((windowMs - age + Math.max(0, ageAllowed)) / 1000) || 1;
}

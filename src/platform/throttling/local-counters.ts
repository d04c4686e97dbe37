import { LRUCache } from 'lru-cache';

import type { Decision, Rule } from './rule.js';
import { slidingWindow, type Windows } from './sliding-window.js';
import { type Bucket, tokenBucket } from './token-bucket.js';

type Counter = Windows | Bucket;

/**
 * Counters in the memory of this process, on its monotonic clock: a clock set back or forward
 * changes nothing. Their number is bounded; beyond it those not used for longest are forgotten.
 *
 * Counters that ran out are kept apart from the others. To have one of them forgotten an attacker
 * must make as many others run out as are kept: that many addresses give him more requests than
 * the one that is forgotten. Addresses that come once never push them out.
 */
export class LocalCounters {
  private readonly usual: LRUCache<string, Counter>;
  private readonly exhausted: LRUCache<string, Counter>;

  constructor(maxUsual = 75_000, maxExhausted = 25_000) {
    this.usual = new LRUCache({ max: maxUsual });
    this.exhausted = new LRUCache({ max: maxExhausted });
  }

  get size(): number {
    return this.usual.size + this.exhausted.size;
  }

  hit(key: string, rule: Rule, now = performance.now()): Decision {
    const counter = this.counter(key, rule, now);
    const decision =
      counter.algorithm === 'sliding-window'
        ? slidingWindow.hit(counter, rule, now)
        : tokenBucket.hit(counter, rule, now);
    if (decision.remaining === 0) this.keepApart(key, counter);
    return decision;
  }

  /** What a hit would be told; counts nothing and keeps nothing. */
  look(key: string, rule: Rule, now = performance.now()): Decision {
    const counter = this.existing(key, rule) ?? begin(rule, now);
    return counter.algorithm === 'sliding-window'
      ? slidingWindow.look(counter, rule, now)
      : tokenBucket.look(counter, rule, now);
  }

  private counter(key: string, rule: Rule, now: number): Counter {
    const known = this.existing(key, rule);
    if (known) return known;
    const fresh = begin(rule, now);
    this.usual.set(key, fresh);
    return fresh;
  }

  /** A counter of another algorithm says nothing: the policy was changed. */
  private existing(key: string, { algorithm }: Rule): Counter | undefined {
    const counter = this.exhausted.get(key) ?? this.usual.get(key);
    if (!counter || counter.algorithm === algorithm) return counter;
    this.exhausted.delete(key);
    return undefined;
  }

  private keepApart(key: string, counter: Counter): void {
    if (!this.usual.delete(key)) return;
    this.exhausted.set(key, counter);
  }
}

function begin({ algorithm }: Rule, now: number): Counter {
  return algorithm === 'sliding-window' ? slidingWindow.begin(now) : tokenBucket.begin(now);
}

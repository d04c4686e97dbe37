import { Injectable } from '@nestjs/common';

import { KeyRing } from '../crypto/index.js';
import { Redis } from '../redis/index.js';
import { hitTokenBucket, hitSlidingWindow } from './counter-scripts.js';
import type { Decision, Rule } from './rule.js';

/** Longest wait for a decision; less than REDIS_TIMEOUT_MS, since every request waits for it. */
const longestMs = 80;

const prefix = 'gatehouse:limits:';

/** Counters that all instances share. One script a hit, by the clock of Redis. */
@Injectable()
export class RedisCounters {
  /** For tests of what is counted, on machines that are busy with others. */
  longestMs = longestMs;

  constructor(
    private readonly redis: Redis,
    private readonly keyRing: KeyRing,
  ) {}

  get configured(): boolean {
    return this.redis.configured;
  }

  get connected(): boolean {
    return this.redis.connected;
  }

  /** Fails when Redis is away, or does not answer soon; the hit may then have been counted or not. */
  async hit(key: string, rule: Rule): Promise<Decision> {
    const { algorithm, quota, windowMs, burst } = rule;
    const script = algorithm === 'sliding-window' ? hitSlidingWindow : hitTokenBucket;
    const asked = this.redis.run(script, [this.hidden(key, rule)], [quota, windowMs, burst]);
    const [allowed, remaining, resetMs] = (await this.soon(asked)) as [number, number, number];
    return { allowed: allowed === 1, remaining, resetMs };
  }

  /** Addresses and ids of users are not for those who read Redis or its files. */
  private hidden(key: string, { algorithm }: Rule): string {
    return prefix + this.keyRing.mac('limits', `${algorithm}:${key}`).toString('base64url', 0, 16);
  }

  /**
   * When this process itself was busy for so long, the answer may be here and unread: what has
   * arrived is read before it counts as late.
   */
  private soon<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`no answer within ${this.longestMs} ms`));
      const timer = setTimeout(() => setImmediate(late), this.longestMs);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

import { type Decision, type Rule, tolerance } from './rule.js';

/** What is missing in a bucket, and when that was so, in milliseconds. */
export interface Bucket {
  readonly algorithm: 'token-bucket';
  at: number;
  missing: number;
}

/**
 * Token bucket: it holds `burst` requests and is refilled evenly, `quota` in a window. O(1) time and
 * two numbers a key. A refused request takes nothing, so waiting always helps.
 */
export const tokenBucket = {
  begin(now: number): Bucket {
    return { algorithm: 'token-bucket', at: now, missing: 0 };
  },

  hit(bucket: Bucket, rule: Rule, now: number): Decision {
    const decision = tokenBucket.look(bucket, rule, now);
    if (decision.allowed) bucket.missing++;
    return decision;
  },

  /** What a hit would be told; takes nothing. */
  look(bucket: Bucket, { quota, windowMs, burst }: Rule, now: number): Decision {
    const perMs = quota / windowMs;
    const refilled = bucket.missing - Math.max(0, now - bucket.at) * perMs;
    // Under a policy that became smaller a bucket is empty, never emptier.
    bucket.missing = Math.min(Math.max(0, refilled), burst);
    bucket.at = now;
    const lacking = bucket.missing + 1 - burst;
    if (lacking > tolerance) return { allowed: false, remaining: 0, resetMs: lacking / perMs };
    const left = burst - bucket.missing - 1;
    const remaining = Math.max(0, Math.floor(left + tolerance));
    // Never a shorter time than the refill takes for what is left: clients divide one by the other
    // (draft-ietf-httpapi-ratelimit-headers, section 8.5).
    return { allowed: true, remaining, resetMs: Math.max(bucket.missing + 1, remaining) / perMs };
  },
};

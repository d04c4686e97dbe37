/** A policy as it counts: in numbers that the algorithms take. */
export interface Rule {
  readonly algorithm: 'sliding-window' | 'token-bucket';
  /** Requests in a window; what a bucket is refilled with in one. */
  readonly quota: number;
  readonly windowMs: number;
  /** What a full bucket holds. A sliding window has no use for it. */
  readonly burst: number;
}

export interface Decision {
  allowed: boolean;
  /** Requests left after this one. */
  remaining: number;
  /**
   * Refused: time until a request is allowed again, if nobody else takes it. Allowed: time in which
   * no more than `remaining` should be asked for.
   */
  resetMs: number;
}

/** Doubles are not exact: who comes at the very moment that was told must be let in. */
export const tolerance = 1e-6;

/** Whole seconds, rounded up: never earlier than it is true. */
export function resetSeconds({ resetMs }: Decision): number {
  return Math.max(1, Math.ceil(resetMs / 1000));
}

export function sameRule(one: Rule, other: Rule): boolean {
  return (
    one.algorithm === other.algorithm &&
    one.quota === other.quota &&
    one.windowMs === other.windowMs &&
    one.burst === other.burst
  );
}

import { Injectable } from '@nestjs/common';

/** Requests by policy and either route or caller; the other one is empty. */
export interface UsageCount {
  /** Beginning of a minute for routes, of an hour for callers, who are many. Seconds since 1970. */
  bucket: number;
  policy: string;
  route: string;
  caller: string;
  /** The user behind the caller. */
  userId: string | null;
  allowed: number;
  refused: number;
}

export interface CountedRequest {
  policy: string;
  /** Method and pattern, never a path: patterns are few. */
  route: string;
  /** `user:<id>`, `api-key:<id>` or `anonymous`; no addresses. */
  caller: string;
  userId: string | null;
  allowed: boolean;
}

/** Between two flushes; callers beyond it are counted as `other`. */
const mostCallers = 2_000;
/** Kept while nobody can write them down; beyond it counts are lost. */
const mostCounts = 20_000;

/** What limits decided, added up in memory. Who writes it down takes it away from time to time. */
@Injectable()
export class LimitUsage {
  private counts = new Map<string, UsageCount>();
  private callers = 0;

  count({ policy, route, caller, userId, allowed }: CountedRequest): void {
    const now = Math.floor(Date.now() / 1000);
    const one = { policy, allowed: allowed ? 1 : 0, refused: allowed ? 0 : 1 };
    this.add({ ...one, bucket: now - (now % 60), route, caller: '', userId: null });
    const byCaller = { ...one, bucket: now - (now % 3_600), route: '', caller, userId };
    if (this.callers < mostCallers || this.counts.has(keyOf(byCaller))) this.add(byCaller);
    else this.add({ ...byCaller, caller: 'other', userId: null });
  }

  /** Everything since the last time. */
  take(): UsageCount[] {
    const counts = [...this.counts.values()];
    this.counts = new Map();
    this.callers = 0;
    return counts;
  }

  /** What could not be written down, for the next time. */
  putBack(counts: readonly UsageCount[]): void {
    for (const count of counts) this.add(count);
  }

  private add(count: UsageCount): void {
    const key = keyOf(count);
    const known = this.counts.get(key);
    if (known) {
      known.allowed += count.allowed;
      known.refused += count.refused;
    } else if (this.counts.size < mostCounts) {
      this.counts.set(key, { ...count });
      if (count.caller !== '') this.callers++;
    }
  }
}

function keyOf({ bucket, policy, route, caller }: UsageCount): string {
  return `${bucket} ${policy} ${route} ${caller}`;
}

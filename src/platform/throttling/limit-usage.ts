import { Injectable } from '@nestjs/common';

/** Requests of one minute, by policy and either route or caller; the other one is empty. */
export interface UsageCount {
  /** Minutes since 1970. */
  minute: number;
  policy: string;
  route: string;
  caller: string;
  allowed: number;
  refused: number;
}

export interface CountedRequest {
  policy: string;
  /** Method and pattern, never a path: patterns are few. */
  route: string;
  /** `user:<id>`, `api-key:<id>` or `anonymous`; no addresses. */
  caller: string;
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

  count({ policy, route, caller, allowed }: CountedRequest): void {
    const minute = Math.floor(Date.now() / 60_000);
    this.add({ minute, policy, route, caller: '', ...one(allowed) });
    this.add({
      minute,
      policy,
      route: '',
      caller: this.bounded(minute, policy, caller),
      ...one(allowed),
    });
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

  private bounded(minute: number, policy: string, caller: string): string {
    if (this.callers < mostCallers) return caller;
    return this.counts.has(keyOf({ minute, policy, route: '', caller })) ? caller : 'other';
  }
}

function one(allowed: boolean): Pick<UsageCount, 'allowed' | 'refused'> {
  return { allowed: allowed ? 1 : 0, refused: allowed ? 0 : 1 };
}

function keyOf(count: Pick<UsageCount, 'minute' | 'policy' | 'route' | 'caller'>): string {
  return `${count.minute} ${count.policy} ${count.route} ${count.caller}`;
}

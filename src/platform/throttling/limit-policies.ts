import { Injectable } from '@nestjs/common';

import { limitPolicies, type LimitPolicy, type LimitPolicyName } from '../../catalogue/limits.js';
import { PerimeterConfig } from '../config/index.js';
import type { Rule } from './rule.js';

/** What of a policy can be changed at run time. */
export type ChangeablePolicy = Pick<LimitPolicy, 'quota' | 'windowSeconds' | 'algorithm' | 'burst'>;

export type PolicyChanges = Partial<Record<LimitPolicyName, Partial<ChangeablePolicy>>>;

/**
 * The policies in force: those of the catalogue, with what administrators changed. In memory, so
 * that no request asks the database; who keeps the changes hands them in here.
 */
@Injectable()
export class LimitPolicies {
  private policies = new Map<LimitPolicyName, LimitPolicy>();
  private rules = new Map<LimitPolicyName, Rule>();

  constructor(private readonly perimeter: PerimeterConfig) {
    this.use({});
  }

  /** Puts these changes in the place of all earlier ones. */
  use(changes: PolicyChanges): void {
    const names = Object.keys(limitPolicies) as LimitPolicyName[];
    this.policies = new Map(names.map((name) => [name, changed(name, changes[name])]));
    this.rules = new Map(names.map((name) => [name, this.ruleOf(this.policies.get(name)!)]));
  }

  of(name: LimitPolicyName): LimitPolicy {
    return this.policies.get(name)!;
  }

  /**
   * How a policy counts.
   * @param perMinute a smaller quota of the caller's own
   */
  rule(name: LimitPolicyName, perMinute?: number): Rule {
    if (perMinute === undefined) return this.rules.get(name)!;
    const policy = this.of(name);
    const quota = Math.min(policy.quota, (perMinute * policy.windowSeconds) / 60);
    return this.ruleOf({ ...policy, quota });
  }

  private ruleOf({ algorithm, quota, windowSeconds, burst = quota }: LimitPolicy): Rule {
    const whole = this.scaled(quota);
    return {
      algorithm,
      quota: whole,
      windowMs: windowSeconds * 1000,
      burst: Math.min(whole, this.scaled(burst)),
    };
  }

  private scaled(quota: number): number {
    return Math.max(1, Math.round(quota * this.perimeter.rateLimitScale));
  }
}

function changed(name: LimitPolicyName, change: Partial<ChangeablePolicy> = {}): LimitPolicy {
  const policy: LimitPolicy = limitPolicies[name];
  return policy.fixed ? policy : { ...policy, ...change };
}

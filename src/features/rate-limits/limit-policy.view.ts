import { ApiProperty } from '@nestjs/swagger';

import { limitPolicies, type LimitPolicy, type LimitPolicyName } from '../../catalogue/limits.js';
import type { ChangeablePolicy } from '../../platform/throttling/limit-policies.js';
import { policyWith } from './limit-policy.policy.js';
import type { PolicyChange } from './limit-policies.repository.js';

/** How a limit counts. */
export class LimitRuleView {
  /**
   * Requests in a window, before RATE_LIMIT_SCALE.
   * @example 500
   */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 1_000_000 })
  quota: number;
  /** @example 60 */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 43_200 })
  windowSeconds: number;
  /** @example "sliding-window" */
  algorithm: 'sliding-window' | 'token-bucket';
  /** What a token bucket lets through at once; null for a sliding window. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 1_000_000 })
  burst: number | null;

  static of({ quota, windowSeconds, algorithm, burst = quota }: ChangeablePolicy): LimitRuleView {
    return Object.assign(new LimitRuleView(), {
      quota,
      windowSeconds,
      algorithm,
      burst: algorithm === 'token-bucket' ? Math.min(burst, quota) : null,
    });
  }
}

/** A limit as it is in force, and as this release would have it. */
export class LimitPolicyView extends LimitRuleView {
  /** @example "user" */
  @ApiProperty({ maxLength: 40, pattern: '^[a-z-]+$' })
  name: LimitPolicyName;
  /** @example "Signed-in users, all routes together" */
  @ApiProperty({ maxLength: 200 })
  description: string;
  /** Who is counted: addresses, or users and API keys. */
  per: 'address' | 'caller';
  /** Whether it can be changed. */
  changeable: boolean;
  default: LimitRuleView;
  /** When it was changed; null when it is the default. */
  changedAt: Date | null;

  static named(name: LimitPolicyName, change: PolicyChange | undefined): LimitPolicyView {
    const { description, per, fixed = false, ...rule }: LimitPolicy = limitPolicies[name];
    return Object.assign(new LimitPolicyView(), {
      name,
      description,
      per,
      ...LimitRuleView.of(policyWith(name, change)),
      changeable: !fixed,
      default: LimitRuleView.of(rule),
      changedAt: change?.changedAt ?? null,
    });
  }
}

export class LimitPolicyListView {
  @ApiProperty({ maxItems: 100 })
  items: LimitPolicyView[];
}

import { limitPolicies, type LimitPolicy, type LimitPolicyName } from '../../catalogue/limits.js';
import type { ChangeablePolicy } from '../../platform/throttling/limit-policies.js';
import type { PolicyChange } from './limit-policies.repository.js';

const changeable = ['quota', 'windowSeconds', 'algorithm', 'burst'] as const;
type Change = Pick<PolicyChange, (typeof changeable)[number]>;

export function isLimitPolicy(name: string): name is LimitPolicyName {
  return Object.hasOwn(limitPolicies, name);
}

/** What a stored change means; a value that this release does not know says nothing. */
export function changeOf({ quota, windowSeconds, algorithm, burst }: Change) {
  const known = algorithm === 'sliding-window' || algorithm === 'token-bucket';
  return {
    ...(quota !== null && { quota }),
    ...(windowSeconds !== null && { windowSeconds }),
    ...(known && { algorithm }),
    ...(burst !== null && { burst }),
  } satisfies Partial<ChangeablePolicy>;
}

/** The policy of the catalogue with a change. */
export function policyWith(name: LimitPolicyName, change: Change | undefined): LimitPolicy {
  const policy: LimitPolicy = limitPolicies[name];
  return change ? { ...policy, ...changeOf(change) } : policy;
}

/** The change after a request: what it leaves out stays, null takes it back. */
export function changedBy(before: Change | undefined, request: Partial<Change>): Change {
  const values = changeable.map((field) => {
    const asked = request[field];
    return [field, asked === undefined ? (before?.[field] ?? null) : asked];
  });
  return Object.fromEntries(values) as Change;
}

export function isEmpty(change: Change): boolean {
  return changeable.every((field) => change[field] === null);
}

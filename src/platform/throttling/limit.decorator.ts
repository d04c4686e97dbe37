import { type CustomDecorator, SetMetadata } from '@nestjs/common';

import type { LimitPolicyName } from '../../catalogue/limits.js';

export const limitMetadata = 'gatehouse:limit';
export const unlimited = 'unlimited';

/** Counts the route by this policy instead of the caller's default one. */
export function Limit(policy: LimitPolicyName): CustomDecorator {
  return SetMetadata(limitMetadata, policy);
}

/** For probes and scrapers, which must not be turned away. */
Limit.none = (): CustomDecorator => SetMetadata(limitMetadata, unlimited);

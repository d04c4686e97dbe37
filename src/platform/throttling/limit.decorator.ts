import { applyDecorators, type CustomDecorator, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

import type { LimitPolicyName } from '../../catalogue/limits.js';

export const limitMetadata = 'gatehouse:limit';
export const unlimited = 'unlimited';

type LimitDecorator = ClassDecorator & MethodDecorator;

/** Counts the route by this policy instead of the caller's default one. */
export function Limit(policy: LimitPolicyName): LimitDecorator {
  return applyDecorators(SetMetadata(limitMetadata, policy), ApiExtension('x-rate-limit', policy));
}

/** For probes and scrapers, which must not be turned away. */
Limit.none = (): CustomDecorator => SetMetadata(limitMetadata, unlimited);

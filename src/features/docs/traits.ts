import type { OpenAPIObject } from '@nestjs/swagger';

import type { LimitPolicyName } from '../../catalogue/limits.js';
import type { unlimited } from '../../platform/throttling/limit.decorator.js';
import type { RouteRules } from './routes.js';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  /** Permission that the route demands. */
  'x-permission'?: string;
  /** Policy that counts its requests. */
  'x-rate-limit'?: LimitPolicyName | typeof unlimited;
};

/** What the rules of a route mean for its description. */
export interface Traits {
  /** Demands a signed-in caller. */
  guarded: boolean;
  permission: string | undefined;
  limit: LimitPolicyName | typeof unlimited;
  /** Changes something; a body is read even where none is wanted. */
  writes: boolean;
  takesBody: boolean;
  takesParameters: boolean;
}

export function traitsOf(
  method: string,
  operation: Operation,
  rules: RouteRules | undefined,
): Traits {
  const { access, limit } = rules ?? { access: undefined, limit: undefined };
  const guarded = access !== 'public';
  return {
    guarded,
    permission: access === 'public' || access === 'signed-in' ? undefined : access,
    limit: limit ?? (guarded ? 'user' : 'anonymous'),
    writes: method !== 'get',
    takesBody: operation.requestBody !== undefined,
    takesParameters: (operation.parameters?.length ?? 0) > 0,
  };
}

import type { OpenAPIObject } from '@nestjs/swagger';

import type { LimitPolicyName } from '../../catalogue/limits.js';
import type { RouteClassName } from '../../catalogue/timeouts.js';
import type { Permission } from '../../catalogue/permissions.js';
import type { IdempotencyRule } from '../../platform/idempotency/index.js';
import type { unlimited } from '../../platform/throttling/limit.decorator.js';
import type { RouteRules } from './routes.js';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & {
  /** Permission that the route demands. */
  'x-permission'?: string;
  /** Present when the sign-in must be recent. */
  'x-step-up'?: true;
  /** Present when API keys are refused. */
  'x-session-only'?: true;
  /** How long it may take, where that is not the usual time. */
  'x-route-class'?: RouteClassName;
  /** Policy that counts its requests. */
  'x-rate-limit'?: LimitPolicyName | typeof unlimited;
};

/** What the rules of a route mean for its description. */
export interface Traits {
  /** Demands a caller with a credential. */
  guarded: boolean;
  /** API keys do not suffice. */
  sessionOnly: boolean;
  /** The sign-in must be recent. */
  stepUp: boolean;
  permission: string | undefined;
  limit: LimitPolicyName | typeof unlimited;
  /** Changes something; a body is read even where none is wanted. */
  writes: boolean;
  takesBody: boolean;
  takesParameters: boolean;
  /** Gives tokens, as cookies if asked to. */
  givesTokens: boolean;
  /** Takes an Idempotency-Key, and what is kept under it. */
  repeatable: IdempotencyRule | undefined;
  /** Has an ETag, and may be edited on condition of it. */
  editable: boolean;
}

export function traitsOf(
  method: string,
  operation: Operation,
  rules: RouteRules | undefined,
): Traits {
  const { access, limit, cookies, stepUp = false, repeatable, editable = false } = rules ?? {};
  const guarded = access !== 'public';
  return {
    guarded,
    sessionOnly: access === 'signed-in' || stepUp,
    stepUp,
    permission: namesPermission(access) ? access : undefined,
    limit: limit ?? (guarded ? 'user' : 'anonymous'),
    writes: method !== 'get',
    takesBody: operation.requestBody !== undefined,
    givesTokens: cookies === 'issue' || cookies === 'exchange',
    takesParameters: (operation.parameters?.length ?? 0) > 0 || repeatable !== undefined,
    repeatable,
    editable,
  };
}

function namesPermission(access: RouteRules['access']): access is Permission {
  return access !== undefined && !['public', 'identified', 'signed-in'].includes(access);
}

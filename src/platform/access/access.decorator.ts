import { type CustomDecorator, SetMetadata } from '@nestjs/common';

import type { Permission } from '../../catalogue/permissions.js';

export const accessMetadata = 'gatehouse:access';
export const stepUpMetadata = 'gatehouse:step-up';

/** What a route demands: nothing, any credential, a session, or a permission. */
export type AccessRule = 'public' | 'identified' | 'signed-in' | Permission;

/**
 * Declares who may call a route: whoever holds the permission, with a session or with an API key
 * of that scope. The guard and the OpenAPI document read the same declaration. A route without
 * one is refused, and a test fails for it.
 */
export function Access(permission: Permission): CustomDecorator {
  return declare(permission);
}

/** Anybody, signed in or not. */
Access.public = (): CustomDecorator => declare('public');

/** Anybody with a session or an API key; the use case limits itself to what is the caller's own. */
Access.identified = (): CustomDecorator => declare('identified');

/** Only a person with a session, never an API key: for what concerns the account itself. */
Access.signedIn = (): CustomDecorator => declare('signed-in');

/**
 * Demands, beside `@Access`, a session whose owner signed in or stepped up within
 * STEP_UP_SECONDS: a stolen session alone must not suffice for this (ASVS V7.5.1).
 */
export function StepUp(): CustomDecorator {
  return SetMetadata(stepUpMetadata, true);
}

function declare(rule: AccessRule): CustomDecorator {
  return SetMetadata(accessMetadata, rule);
}

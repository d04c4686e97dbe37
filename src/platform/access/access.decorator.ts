import { type CustomDecorator, SetMetadata } from '@nestjs/common';

import type { Permission } from '../../catalogue/permissions.js';

export const accessMetadata = 'gatehouse:access';

/** What a route demands: nothing, any signed-in caller, or a permission. */
export type AccessRule = 'public' | 'signed-in' | Permission;

/**
 * Declares who may call a route. The guard and the OpenAPI document read the same declaration. A
 * route without one is refused, and a test fails for it.
 */
export function Access(permission: Permission): CustomDecorator {
  return declare(permission);
}

/** Anybody, signed in or not. */
Access.public = (): CustomDecorator => declare('public');

/** Any signed-in caller; the use case limits itself to what is the caller's own. */
Access.signedIn = (): CustomDecorator => declare('signed-in');

function declare(rule: AccessRule): CustomDecorator {
  return SetMetadata(accessMetadata, rule);
}

import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiSecurity } from '@nestjs/swagger';

import type { Permission } from '../../catalogue/permissions.js';

export const accessMetadata = 'gatehouse:access';

/** What a route demands: nothing, any signed-in caller, or a permission. */
export type AccessRule = 'public' | 'signed-in' | Permission;

type AccessDecorator = ClassDecorator & MethodDecorator;

/**
 * Declares who may call a route, for the guard and the OpenAPI document at once. A route without
 * a declaration is refused, and a test fails for it.
 */
export function Access(permission: Permission): AccessDecorator {
  return applyDecorators(
    SetMetadata(accessMetadata, permission satisfies AccessRule),
    ApiBearerAuth('bearer'),
    ApiExtension('x-permission', permission),
  );
}

/** Anybody, signed in or not. */
Access.public = (): AccessDecorator =>
  applyDecorators(SetMetadata(accessMetadata, 'public' satisfies AccessRule), ApiSecurity({}));

/** Any signed-in caller; the use case limits itself to what is the caller's own. */
Access.signedIn = (): AccessDecorator =>
  applyDecorators(
    SetMetadata(accessMetadata, 'signed-in' satisfies AccessRule),
    ApiBearerAuth('bearer'),
  );

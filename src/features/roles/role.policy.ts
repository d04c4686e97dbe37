import {
  type BuiltInRole,
  builtInRoles,
  type Permission,
  permissions,
} from '../../catalogue/permissions.js';
import type { Role } from './role.entity.js';

/** What a role holds: from the catalogue when built in; names no longer known count for nothing. */
export function permissionsOf(role: Pick<Role, 'name' | 'permissions'>): readonly Permission[] {
  if (Object.hasOwn(builtInRoles, role.name))
    return builtInRoles[role.name as BuiltInRole].permissions;
  return role.permissions.filter((name): name is Permission => Object.hasOwn(permissions, name));
}

/** Permissions of `wanted` that the granter lacks: nobody grants what they do not hold. */
export function beyond(
  wanted: readonly Permission[],
  granter: ReadonlySet<Permission>,
): readonly Permission[] {
  return wanted.filter((permission) => !granter.has(permission));
}

import { type Permission, permissions } from '../../catalogue/permissions.js';
import type { Role } from './role.entity.js';
import { permissionsOf } from './role.policy.js';

/** A role and what it lets its holders do. */
export class RoleView {
  /** @example "support" */
  name: string;
  /** @example "Answers questions of users" */
  description: string;
  /** @example ["users.read"] */
  permissions: string[];
  /** Built-in roles cannot be changed. */
  builtIn: boolean;

  static of(role: Role): RoleView {
    return Object.assign(new RoleView(), {
      name: role.name,
      description: role.description,
      permissions: [...permissionsOf(role)],
      builtIn: role.builtIn,
    });
  }
}

export class RoleListView {
  items: RoleView[];
}

/** Something a role can hold. */
export class PermissionView {
  /** @example "users.read" */
  name: string;
  /** @example "List and read all users" */
  description: string;
}

export class PermissionListView {
  items: PermissionView[];

  static all(): PermissionListView {
    const items = (Object.keys(permissions) as Permission[]).map((name) => ({
      name,
      description: permissions[name],
    }));
    return Object.assign(new PermissionListView(), { items });
  }
}

import { ApiProperty } from '@nestjs/swagger';

import { type Permission, permissions } from '../../catalogue/permissions.js';
import type { Role } from './role.entity.js';
import { permissionsOf } from './role.policy.js';

/** A role and what it lets its holders do. */
export class RoleView {
  /** @example "support" */
  @ApiProperty({ maxLength: 40, pattern: '^[a-z][a-z0-9-]+$' })
  name: string;
  /** @example "Answers questions of users" */
  @ApiProperty({ maxLength: 200 })
  description: string;
  /** @example ["users.read"] */
  permissions: Permission[];
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
  @ApiProperty({ maxItems: 1_000 })
  items: RoleView[];
}

/** Something a role can hold. */
export class PermissionView {
  /** @example "users.read" */
  name: Permission;
  /** @example "List and read all users" */
  @ApiProperty({ maxLength: 200 })
  description: string;
}

export class PermissionListView {
  @ApiProperty({ maxItems: 100 })
  items: PermissionView[];

  static all(): PermissionListView {
    const items = (Object.keys(permissions) as Permission[]).map((name) => ({
      name,
      description: permissions[name],
    }));
    return Object.assign(new PermissionListView(), { items });
  }
}

import { Injectable } from '@nestjs/common';

import { type Changes } from '../../catalogue/audit-events.js';
import type { Permission } from '../../catalogue/permissions.js';
import { demandRecentSignIn } from '../../platform/access/index.js';
import { Caches } from '../../platform/cache/index.js';
import { TokensConfig } from '../../platform/config/index.js';
import { currentPrincipal } from '../../platform/context/request-context.js';
import { Database, violates } from '../../platform/database/index.js';
import { AppError, invalid } from '../../platform/errors/app-error.js';
import { demandUnchanged } from '../../platform/preconditions/index.js';
import { AuditService } from '../audit/index.js';
import type { Role } from './role.entity.js';
import { beyond, permissionsOf } from './role.policy.js';
import { RoleListView, RoleView } from './role.view.js';
import type { CreateRole, UpdateRole } from './roles.dto.js';
import { RolesRepository } from './roles.repository.js';

/** Cache tag of everything that depends on what any role holds. */
export const rolesTag = 'roles';

@Injectable()
export class RolesService {
  constructor(
    private readonly database: Database,
    private readonly roles: RolesRepository,
    private readonly audit: AuditService,
    private readonly caches: Caches,
    private readonly config: TokensConfig,
  ) {}

  async list(): Promise<RoleListView> {
    const roles = await this.roles.all();
    return { items: roles.map(RoleView.of) };
  }

  async read(name: string): Promise<RoleView> {
    return RoleView.of(await this.existing(this.roles.byName(name)));
  }

  async create(request: CreateRole): Promise<RoleView> {
    await this.demandChange(request.permissions);
    return this.database.transaction(async () => {
      await this.roles.insert(request).catch((error: unknown) => {
        throw violates(error, 'roles_pkey') ? new AppError('roles.name_taken') : error;
      });
      const { name, permissions } = request;
      await this.audit.record(
        'roles.created',
        { permissions },
        { target: { kind: 'role', id: name } },
      );
      return this.read(name);
    });
  }

  async update(name: string, request: UpdateRole): Promise<RoleView> {
    return this.database.transaction(async () => {
      const role = await this.changeable(name);
      // Taking a permission away from others is a change to it as well: hold all of both.
      if (request.permissions) {
        await this.demandChange([...permissionsOf(role), ...request.permissions]);
      }
      demandUnchanged(RoleView.of(role));
      const changes = changesOf(role, request);
      if (Object.keys(changes).length > 0) {
        await this.roles.update(name, request);
        await this.audit.record(
          'roles.updated',
          { changes },
          { target: { kind: 'role', id: name } },
        );
        await this.caches.invalidate(rolesTag);
      }
      return this.read(name);
    });
  }

  async delete(name: string): Promise<void> {
    await this.database.transaction(async () => {
      const role = await this.changeable(name);
      const permissions = [...permissionsOf(role)];
      await this.demandChange(permissions);
      demandUnchanged(RoleView.of(role));
      await this.roles.delete(name).catch((error: unknown) => {
        throw violates(error, 'user_roles_role') ? new AppError('roles.in_use') : error;
      });
      await this.audit.record(
        'roles.deleted',
        { permissions },
        { target: { kind: 'role', id: name } },
      );
    });
  }

  /**
   * Checks that somebody may give or take these roles.
   * @param held what the giver holds now, read in the transaction that gives
   * @throws AppError `validation.failed` for an unknown role, `roles.grant_exceeds_own`
   */
  async demandAssignable(names: readonly string[], held: ReadonlySet<Permission>): Promise<void> {
    const roles = await this.roles.byNames(names);
    const unknown = names.find((name) => !roles.some((role) => role.name === name));
    if (unknown !== undefined) {
      throw invalid('/roles', 'unknownRole', `there is no role ${unknown}`);
    }
    await this.demandGrantable(
      roles.flatMap((role) => [...permissionsOf(role)]),
      held,
    );
  }

  /** What the holder of these roles may do. */
  async permissionsOf(names: readonly string[]): Promise<ReadonlySet<Permission>> {
    const roles = await this.roles.byNames(names);
    return new Set(roles.flatMap((role) => [...permissionsOf(role)]));
  }

  /**
   * Who changes what a role holds gives rights to others, and must have signed in lately as for
   * giving the role itself. An API key was made by a recent sign-in for what its scopes say.
   */
  private async demandChange(permissions: readonly Permission[]): Promise<void> {
    const caller = currentPrincipal();
    await this.demandGrantable(permissions, caller.permissions);
    if (permissions.length === 0 || caller.sessionId === null) return;
    demandRecentSignIn(caller, this.config.stepUpSeconds);
  }

  private async demandGrantable(
    permissions: readonly Permission[],
    held: ReadonlySet<Permission>,
  ): Promise<void> {
    const missing = [...new Set(beyond(permissions, held))];
    if (missing.length === 0) return;
    await this.audit.recordFailure('roles.grant_refused', { missing });
    throw new AppError('roles.grant_exceeds_own', {
      detail: `You do not hold: ${missing.join(', ')}`,
    });
  }

  private async changeable(name: string): Promise<Role> {
    const role = await this.existing(this.roles.lock(name));
    if (role.builtIn) throw new AppError('roles.built_in');
    return role;
  }

  private async existing(found: Promise<Role | null>): Promise<Role> {
    const role = await found;
    if (!role) throw new AppError('roles.not_found');
    return role;
  }
}

function changesOf(role: Role, request: UpdateRole): Changes {
  const changes: Changes = {};
  for (const field of ['description', 'permissions'] as const) {
    const after = request[field];
    if (after !== undefined && JSON.stringify(after) !== JSON.stringify(role[field])) {
      changes[field] = { before: role[field], after };
    }
  }
  return changes;
}

import { Injectable } from '@nestjs/common';

import type { Permission } from '../../catalogue/permissions.js';
import { usableRights } from '../../platform/access/index.js';
import { currentPrincipal } from '../../platform/context/request-context.js';
import { AppError } from '../../platform/errors/app-error.js';
import { RolesService } from '../roles/index.js';
import { AccountsService } from './accounts.service.js';

/** Nobody gives what they do not hold. */
@Injectable()
export class AssignableRolesService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly roles: RolesService,
  ) {}

  /**
   * What counts is what the caller holds now, and not when the request began; with an API key no
   * more than its scopes.
   * @throws AppError `validation.failed` for an unknown role, `roles.grant_exceeds_own`
   */
  async demandOfCaller(roles: readonly string[]): Promise<void> {
    const caller = currentPrincipal();
    const held = await this.rightsOf(caller.userId);
    if (!held) throw new AppError('auth.invalid_token');
    await this.roles.demandAssignable(roles, usableRights(caller, held));
  }

  /** Whether an active user could give these roles now; false also when one is gone. */
  async holds(giverId: string, roles: readonly string[]): Promise<boolean> {
    try {
      const held = await this.rightsOf(giverId);
      if (!held) return false;
      await this.roles.demandAssignable(roles, held);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.definition.status < 500) return false;
      throw error;
    }
  }

  private async rightsOf(userId: string): Promise<ReadonlySet<Permission> | null> {
    const roles = await this.accounts.activeRoles(userId);
    return roles && (await this.roles.permissionsOf(roles));
  }
}

import { Injectable } from '@nestjs/common';

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
   * What counts is what the giver holds now, and not when the request began.
   * @throws AppError `validation.failed` for an unknown role, `roles.grant_exceeds_own`
   */
  async demand(giverId: string, roles: readonly string[]): Promise<void> {
    const held = await this.accounts.activeRoles(giverId);
    if (!held) throw new AppError('auth.invalid_token');
    await this.roles.demandAssignable(roles, await this.roles.permissionsOf(held));
  }

  /** Whether an active user could give these roles now; false also when one is gone. */
  async holds(giverId: string, roles: readonly string[]): Promise<boolean> {
    try {
      await this.demand(giverId, roles);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.definition.status < 500) return false;
      throw error;
    }
  }
}

import { Injectable } from '@nestjs/common';

import { defaultRole, type Permission } from '../../catalogue/permissions.js';
import { demandRecentSignIn, usableRights } from '../../platform/access/index.js';
import { TokensConfig } from '../../platform/config/index.js';
import { currentPrincipal } from '../../platform/context/request-context.js';
import { AppError } from '../../platform/errors/app-error.js';
import { RolesService } from '../roles/index.js';
import { AccountsService } from './accounts.service.js';

/** Nobody gives what they do not hold, or manages who holds more. */
@Injectable()
export class AssignableRolesService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly roles: RolesService,
    private readonly config: TokensConfig,
  ) {}

  /**
   * Whether the caller may give or take these roles.
   * @throws AppError `validation.failed` for an unknown role, `roles.grant_exceeds_own`
   */
  async demand(roles: readonly string[]): Promise<void> {
    await this.roles.demandAssignable(roles, await this.rightsOfCaller());
  }

  /**
   * The same for an account that does not exist yet. Rights beyond those of everybody are given by
   * who has signed in lately, as when they are given to one that exists: a stolen session or an API
   * key must not make itself an accomplice.
   * @throws AppError also `auth.step_up_required`, `auth.session_required`
   */
  async demandForNew(roles: readonly string[]): Promise<void> {
    await this.demand(roles);
    if (roles.every((role) => role === defaultRole)) return;
    demandRecentSignIn(currentPrincipal(), this.config.stepUpSeconds);
  }

  /** @throws AppError `users.outranks_you` when the holder of these roles may do more */
  async demandRank(roles: readonly string[]): Promise<void> {
    const held = await this.rightsOfCaller();
    const theirs = await this.roles.permissionsOf(roles);
    if ([...theirs].some((right) => !held.has(right))) throw new AppError('users.outranks_you');
  }

  /**
   * Whether somebody who gave roles before could do so now; false also when they are gone.
   * @param permission what they needed for it beside the rights in the roles
   */
  async stillGives(
    giverId: string,
    roles: readonly string[],
    permission: Permission,
  ): Promise<boolean> {
    const names = await this.accounts.activeRoles(giverId);
    const held = names && (await this.roles.permissionsOf(names));
    if (!held?.has(permission)) return false;
    try {
      await this.roles.demandAssignable(roles, held);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.definition.status < 500) return false;
      throw error;
    }
  }

  /**
   * What the caller holds now and not when the request began: it may have waited for a lock while
   * its own rights were taken away.
   */
  private async rightsOfCaller(): Promise<ReadonlySet<Permission>> {
    const caller = currentPrincipal();
    const roles = await this.accounts.activeRoles(caller.userId);
    if (!roles) throw new AppError('auth.invalid_token');
    return usableRights(caller, await this.roles.permissionsOf(roles));
  }
}

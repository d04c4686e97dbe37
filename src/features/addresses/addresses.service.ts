import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { AccountChangesService } from '../users/index.js';
import { AddressChangeService } from './address-change.service.js';

/** Confirms that the owner of an account reads mails to its address. */
@Injectable()
export class AddressesService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly tokens: OneTimeTokens,
    private readonly audit: AuditService,
    private readonly changes: AddressChangeService,
  ) {}

  /**
   * Confirms the present address, or the new one of somebody who asked for another.
   * @throws AppError `auth.invalid_link`
   */
  async confirm(token: string): Promise<void> {
    if ((await this.confirmPresent(token)) || (await this.changes.apply(token))) return;
    await this.audit.recordFailure('auth.link_refused', { purpose: 'confirm_address' });
    throw new AppError('auth.invalid_link');
  }

  private confirmPresent(token: string): Promise<boolean> {
    return this.database.transaction(async () => {
      const spent = await this.tokens.spend('confirm_address', token);
      if (!spent) return false;
      const id = spent.userId!;
      if (!(await this.accounts.confirmAddress(id, spent.data.email))) return false;
      await this.audit.record(
        'users.address_confirmed',
        {},
        { target: { kind: 'user', id }, actorId: id },
      );
      return true;
    });
  }
}

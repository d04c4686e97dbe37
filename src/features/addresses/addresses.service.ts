import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AuditService } from '../audit/index.js';
import { AccountChangesService } from '../users/index.js';
import { AddressChangeService } from './address-change.service.js';
import { ConfirmationLinksService } from './confirmation-links.service.js';

/** Confirms that the owner of an account reads mails to its address. */
@Injectable()
export class AddressesService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly tokens: OneTimeTokens,
    private readonly audit: AuditService,
    private readonly changes: AddressChangeService,
    private readonly links: ConfirmationLinksService,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('addresses.confirm_again', ({ email }) => this.sendIfWaiting(email));
  }

  /** The same answer and the same work for any address: looking it up is a job's work. */
  async sendAgain(email: string): Promise<void> {
    await this.queue.add('addresses.confirm_again', { email });
  }

  /**
   * Confirms the present address, or the new one of somebody who asked for another.
   * @throws AppError `auth.invalid_link`
   */
  async confirm(token: string): Promise<void> {
    if ((await this.confirmPresent(token)) || (await this.changes.apply(token))) return;
    await this.audit.recordFailure('auth.link_refused', { purpose: 'confirm_address' });
    throw new AppError('auth.invalid_link');
  }

  private async sendIfWaiting(email: string): Promise<void> {
    await this.database.transaction(async () => {
      const contact = await this.accounts.contactAt(email);
      const waits = contact?.active === true && !contact.emailVerified;
      await this.audit.record(
        'auth.link_asked',
        { purpose: 'confirm_address' },
        waits ? { target: { kind: 'user', id: contact.id } } : { outcome: 'failure' },
      );
      if (waits) await this.links.send(contact);
    });
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

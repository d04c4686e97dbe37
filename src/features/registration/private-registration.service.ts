import { Injectable, type OnModuleInit } from '@nestjs/common';

import { defaultRole } from '../../catalogue/permissions.js';
import type { PrivateRegistration } from '../../catalogue/tasks.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { MailBounds, Mails } from '../../platform/mail/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AuditService } from '../audit/index.js';
import { ConfirmationLinksService } from '../addresses/index.js';
import {
  AccountChangesService,
  type AccountRequest,
  AccountsService,
  UserView,
} from '../users/index.js';

/**
 * Registration that does not tell whether an address has an account (ASVS V6.3.8): a request
 * checks, hashes and adds a job, whatever the address; the answer describes the account as it
 * will be. The job makes it, or tells the owner of the address that there is one. Nor does it tell
 * whether the username is taken: a second registration of the same name would show whether the
 * first one made an account.
 */
@Injectable()
export class PrivateRegistrationService implements OnModuleInit {
  constructor(
    private readonly accounts: AccountsService,
    private readonly contacts: AccountChangesService,
    private readonly links: ConfirmationLinksService,
    private readonly mails: Mails,
    private readonly bounds: MailBounds,
    private readonly queue: Queue,
    private readonly audit: AuditService,
    private readonly installation: ProcessConfig,
  ) {}

  onModuleInit(): void {
    this.queue.handle('registration.private', (prepared) => this.make(prepared));
  }

  /** @throws AppError `validation.failed` */
  async register(request: AccountRequest): Promise<UserView> {
    const prepared = await this.accounts.prepare(request);
    await this.queue.add('registration.private', prepared);
    return Object.assign(new UserView(), {
      id: prepared.id,
      email: prepared.email,
      username: prepared.username,
      displayName: null,
      status: 'active',
      deletionDueAt: null,
      roles: [defaultRole],
      emailVerified: false,
      createdAt: new Date(),
      lastLoginAt: null,
    });
  }

  /** Tried twice: a parallel registration may take the address between looking and making. */
  private async make(prepared: PrivateRegistration): Promise<void> {
    if (await this.tellOwner(prepared)) return;
    try {
      await this.accounts.insert(prepared, {
        by: 'registration',
        emailVerified: false,
        afterwards: (account) => this.links.send(account),
      });
    } catch (error) {
      const code = error instanceof AppError ? error.code : undefined;
      if (code !== 'users.email_taken' && code !== 'users.username_taken') throw error;
      if (await this.tellOwner(prepared)) return;
      if (!(await this.bounds.allow('username_in_use', prepared.email))) return;
      await this.mails.send('username_in_use', prepared.email, { username: prepared.username });
    }
  }

  /** At the address that is on record, which may be written differently; false without one. */
  private async tellOwner({ id, email }: PrivateRegistration): Promise<boolean> {
    const owner = await this.contacts.contactAt(email);
    if (!owner) return false;
    // A job comes a second time when its worker dies: then the account is the one it made.
    if (owner.id === id) return true;
    if (!(await this.bounds.allow('address_in_use', owner.email))) return true;
    const reset = `${this.installation.publicUrl}/account#forgot`;
    await this.mails.send('address_in_use', owner.email, { reset });
    const target = { kind: 'user', id: owner.id } as const;
    await this.audit.record('users.registration_repeated', {}, { target });
    return true;
  }
}

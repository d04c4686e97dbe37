import { Injectable, type OnModuleInit } from '@nestjs/common';

import { tokenPurposes } from '../../catalogue/one-time-tokens.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import { Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AccountChangesService } from '../users/index.js';
import { PasswordChangesService } from './password-changes.service.js';
import type { ResetPassword } from './passwords.dto.js';

/** A new password for who has forgotten theirs, by a link to the address of the account. */
@Injectable()
export class ForgottenPasswordsService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly changes: PasswordChangesService,
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly queue: Queue,
    private readonly installation: ProcessConfig,
  ) {}

  onModuleInit(): void {
    this.queue.handle('passwords.forgotten', ({ email }) => this.sendLink(email));
  }

  /** The same answer and the same work for any address: looking it up is a job's work. */
  async ask(email: string): Promise<void> {
    await this.queue.add('passwords.forgotten', { email });
  }

  /**
   * A weak password does not cost the link; an unknown token is told apart from it only by
   * whoever holds a good one.
   * @throws AppError `auth.invalid_link`, `validation.failed`
   */
  async reset({ token, password }: ResetPassword): Promise<void> {
    const found = await this.tokens.look('reset_password', token);
    const contact = found && (await this.accounts.contact(found.userId!));
    if (!contact) return this.changes.refuseLink();
    const hash = await this.accounts.hashNew(password, contact);
    const done = await this.database.transaction(
      async () =>
        (await this.tokens.spend('reset_password', token)) !== null &&
        (await this.changes.replace(contact, hash, 'link')),
    );
    if (!done) await this.changes.refuseLink();
  }

  private async sendLink(email: string): Promise<void> {
    await this.database.transaction(async () => {
      const contact = await this.accounts.contactAt(email);
      if (!contact?.active) return;
      const token = await this.tokens.issue('reset_password', { userId: contact.id });
      const link = `${this.installation.publicUrl}/account#reset:${token}`;
      const data = { username: contact.username, link, validity: '10 minutes' };
      const until = new Date(Date.now() + tokenPurposes.reset_password.lifeSeconds * 1_000);
      await this.mails.send('reset_password', contact.email, data, { until });
    });
  }
}

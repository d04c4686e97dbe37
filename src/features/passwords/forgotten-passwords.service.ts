import { Injectable, type OnModuleInit } from '@nestjs/common';

import { tokenPurposes } from '../../catalogue/one-time-tokens.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import { MailBounds, Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AccountChangesService } from '../users/index.js';

/** Sends the link with which an owner sets a new password. */
@Injectable()
export class ForgottenPasswordsService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly bounds: MailBounds,
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

  private async sendLink(email: string): Promise<void> {
    await this.database.transaction(async () => {
      const contact = await this.accounts.contactAt(email);
      if (!contact?.active) return;
      if (!(await this.bounds.allow('reset_password', contact.email))) return;
      const token = await this.tokens.issue('reset_password', {
        userId: contact.id,
        data: { email: contact.email },
      });
      const link = `${this.installation.publicUrl}/account#reset:${token}`;
      const data = { username: contact.username, link, validity: '10 minutes' };
      const until = new Date(Date.now() + tokenPurposes.reset_password.lifeSeconds * 1_000);
      await this.mails.send('reset_password', contact.email, data, { until });
    });
  }
}

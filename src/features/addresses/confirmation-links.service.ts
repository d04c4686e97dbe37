import { Injectable, type OnModuleInit } from '@nestjs/common';

import { tokenPurposes } from '../../catalogue/one-time-tokens.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import { MailBounds, Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AccountChangesService, type Contact } from '../users/index.js';

/** Sends the link with which the owner of an account confirms its address. */
@Injectable()
export class ConfirmationLinksService implements OnModuleInit {
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
    this.queue.handle('addresses.confirm_again', ({ email }) => this.sendIfWaiting(email));
  }

  /** Sends the link, in the running transaction; none when the address got many lately. */
  async send({ id, email, username }: Pick<Contact, 'id' | 'email' | 'username'>): Promise<void> {
    if (!(await this.bounds.allow('confirm_address', email))) return;
    const token = await this.tokens.issue('confirm_address', { userId: id, data: { email } });
    const { lifeSeconds } = tokenPurposes.confirm_address;
    await this.mails.send(
      'confirm_address',
      email,
      {
        username,
        link: `${this.installation.publicUrl}/account#confirm:${token}`,
        validity: '24 hours',
      },
      { until: new Date(Date.now() + lifeSeconds * 1_000) },
    );
  }

  /** The same answer and the same work for any address: looking it up is a job's work. */
  async sendAgain(email: string): Promise<void> {
    await this.queue.add('addresses.confirm_again', { email });
  }

  private async sendIfWaiting(email: string): Promise<void> {
    await this.database.transaction(async () => {
      const contact = await this.accounts.contactAt(email);
      if (contact?.active && !contact.emailVerified) await this.send(contact);
    });
  }
}

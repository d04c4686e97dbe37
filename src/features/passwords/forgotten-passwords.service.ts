import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AuditService } from '../audit/index.js';
import { AccountChangesService } from '../users/index.js';
import { ResetLinksService } from './reset-links.service.js';

/** Hears whoever says that they forgot their password. */
@Injectable()
export class ForgottenPasswordsService implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly links: ResetLinksService,
    private readonly audit: AuditService,
    private readonly queue: Queue,
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
      const waits = contact?.active === true;
      await this.audit.record(
        'auth.link_asked',
        { purpose: 'reset_password' },
        waits ? { target: { kind: 'user', id: contact.id } } : { outcome: 'failure' },
      );
      if (waits) await this.links.send(contact);
    });
  }
}

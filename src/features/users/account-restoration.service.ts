import { Injectable } from '@nestjs/common';

import { Caches } from '../../platform/cache/index.js';
import { AccountsConfig, ProcessConfig } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { userTag } from './accounts.service.js';
import type { User } from './user.entity.js';
import { UsersRepository } from './users.repository.js';

/** The way back for whoever deleted their own account, until it is erased. */
@Injectable()
export class AccountRestoration {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly audit: AuditService,
    private readonly caches: Caches,
    private readonly accounts: AccountsConfig,
    private readonly process: ProcessConfig,
  ) {}

  /** Mails the owner a link, in the transaction that deletes the account. */
  async offer({ id, username, email }: User): Promise<void> {
    const { graceDays } = this.accounts;
    const token = await this.tokens.issue('restore', { userId: id });
    await this.mails.send('account_deleted', email, {
      username,
      link: `${this.process.publicUrl}/account#restore:${token}`,
      validity: graceDays === 1 ? 'one day' : `${graceDays} days`,
    });
  }

  /**
   * Ends every link that was sent to the owner, when the account begins or ceases to be active:
   * what one allowed belongs to the state before. Who is deleted by an administrator must not come
   * back with the link of an earlier deletion of their own.
   */
  async endLinks(id: string): Promise<void> {
    await this.tokens.revokeAllOf(id);
  }

  /** @throws AppError `users.restore_refused`, whatever is wrong with the token */
  async restore(token: string): Promise<void> {
    await this.database.transaction(async () => {
      const userId = (await this.tokens.look('restore', token))?.userId;
      // The user first, as wherever both are held: the other way round two would wait in a circle.
      const user = userId ? await this.users.lock(userId) : null;
      const spent = user?.status === 'deleted' && (await this.tokens.spend('restore', token));
      if (!spent) throw new AppError('users.restore_refused');
      const { id } = user;
      await this.users.setStatus(id, 'active', 0);
      await this.audit.record('users.restored', {}, { target: { kind: 'user', id }, actorId: id });
      await this.caches.invalidate(userTag(id));
    });
  }
}

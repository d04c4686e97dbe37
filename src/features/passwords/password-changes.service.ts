import { Injectable } from '@nestjs/common';

import { currentSignedIn } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { LockoutService } from '../lockout/index.js';
import { SessionsService } from '../sessions/index.js';
import { AccountChangesService, type Contact, type NewPassword } from '../users/index.js';
import type { ChangePassword } from './passwords.dto.js';

const whenFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
});

/** Puts a new password in the place of the old one, and ends what the old one had opened. */
@Injectable()
export class PasswordChangesService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly sessions: SessionsService,
    private readonly lockout: LockoutService,
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly audit: AuditService,
  ) {}

  /**
   * By the owner, who stays signed in here and nowhere else (ASVS V6.2.3, V7.4.3).
   * @throws AppError `auth.wrong_password`, `auth.too_many_attempts`, `validation.failed`
   */
  async change({ currentPassword, password }: ChangePassword): Promise<void> {
    const { userId, sessionId } = currentSignedIn();
    const contact = await this.accounts.contact(userId);
    if (!contact) throw new AppError('auth.invalid_token');
    const right = await this.accounts.holdsPassword(userId, currentPassword);
    const standing = await this.lockout.check({ kind: 'password', name: userId, userId });
    if (!right) {
      await this.lockout.failed(standing);
      await this.audit.recordFailure('auth.password_change_refused', {});
      throw new AppError('auth.wrong_password');
    }
    const hash = await this.accounts.hashNew(password, contact);
    await this.database.transaction(async () => {
      await this.lockout.passed(standing);
      await this.replace(contact, hash, 'owner', sessionId);
    });
  }

  /** In the running transaction; false when the account is not active any more. */
  async replace(
    { id, email, username, signInNames }: Contact,
    hash: NewPassword,
    by: 'owner' | 'link',
    keepSession?: string,
  ): Promise<boolean> {
    // Holds the user's row, so that no sign-in with the old password opens a session meanwhile.
    if (!(await this.accounts.setPassword(id, hash))) return false;
    const sessions = keepSession
      ? await this.sessions.endOthersOf(id, keepSession)
      : await this.sessions.endAllOf(id);
    await this.tokens.revoke('reset_password', id);
    if (by === 'link') await this.lockout.lift(id, signInNames);
    await this.audit.record(
      'auth.password_changed',
      { by, sessions },
      { target: { kind: 'user', id }, actorId: id },
    );
    const when = `${whenFormat.format(new Date())} UTC`;
    await this.mails.send('password_changed', email, { username, when });
    return true;
  }

  /** @throws AppError `auth.invalid_link` */
  async refuseLink(): Promise<never> {
    await this.audit.recordFailure('auth.link_refused', { purpose: 'reset_password' });
    throw new AppError('auth.invalid_link');
  }
}

import { Injectable } from '@nestjs/common';

import { Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { LockoutService } from '../lockout/index.js';
import { SessionsService } from '../sessions/index.js';
import { AccountChangesService, type Contact, type NewPassword } from '../users/index.js';

const whenFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
});

/** Puts a new password in the place of the old one, and ends what the old one had opened. */
@Injectable()
export class PasswordChangesService {
  constructor(
    private readonly accounts: AccountChangesService,
    private readonly sessions: SessionsService,
    private readonly lockout: LockoutService,
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly audit: AuditService,
  ) {}

  /**
   * In the running transaction; false when the account is not active any more.
   * @param keepSession of the owner who asks
   * @throws AppError `auth.invalid_token` when that session was ended meanwhile: by a reset, say,
   * which must not be undone by who knew the password before
   */
  async replace(
    { id, email, username, signInNames }: Contact,
    hash: NewPassword,
    by: 'owner' | 'link',
    keepSession?: string,
  ): Promise<boolean> {
    // Holds the user's row, so that no sign-in with the old password opens a session meanwhile.
    if (!(await this.accounts.setPassword(id, hash))) return false;
    if (keepSession) await this.sessions.demandLive(keepSession);
    const sessions = keepSession
      ? await this.sessions.endOthersOf(id, keepSession)
      : await this.sessions.endAllOf(id);
    await this.tokens.revoke('reset_password', id);
    // Else who asked for another address with the old password got the account back by its link.
    await this.tokens.revoke('change_address', id);
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
}

import { Injectable } from '@nestjs/common';

import { tokenPurposes } from '../../catalogue/one-time-tokens.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { currentSignedIn } from '../../platform/context/request-context.js';
import { Database, violates } from '../../platform/database/index.js';
import { MailBounds, Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { SessionsService } from '../sessions/index.js';
import { AccountChangesService, normaliseEmail } from '../users/index.js';

/** Gives an account another address: once that one is confirmed, and not without the old one hearing. */
@Injectable()
export class AddressChangeService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly bounds: MailBounds,
    private readonly audit: AuditService,
    private readonly sessions: SessionsService,
    private readonly installation: ProcessConfig,
  ) {}

  /**
   * Whether somebody else has the address is not told, and not looked at before it is confirmed.
   * The mail goes to the very address that the account gets: what was typed may be another one
   * until it is normalised.
   * @throws AppError `validation.failed`
   */
  async ask(requested: string): Promise<void> {
    const { userId, sessionId } = currentSignedIn();
    const address = normaliseEmail(requested).value;
    const { lifeSeconds } = tokenPurposes.change_address;
    await this.database.transaction(async () => {
      const contact = await this.accounts.held(userId);
      if (!contact) return;
      await this.sessions.demandLive(sessionId);
      // Its own address bounds whoever asks, the new one what reaches others through them.
      const may =
        (await this.bounds.allow('address_change_requested', contact.email)) &&
        (await this.bounds.allow('confirm_new_address', address));
      if (!may) return;
      const { username } = contact;
      const token = await this.tokens.issue('change_address', { userId, data: { email: address } });
      const link = `${this.installation.publicUrl}/account#change:${token}`;
      const until = new Date(Date.now() + lifeSeconds * 1_000);
      const data = { username, link, validity: 'one hour' };
      await this.mails.send('confirm_new_address', address, data, { until });
      await this.mails.send('address_change_requested', contact.email, { username, address });
      const target = { kind: 'user', id: userId } as const;
      await this.audit.record('users.address_change_asked', {}, { target });
    });
  }

  /** Spends a link; false when it is worth nothing, or the address belongs to somebody by now. */
  async apply(token: string): Promise<boolean> {
    return this.database
      .transaction(async () => {
        const found = await this.tokens.look('change_address', token);
        const before = found && (await this.accounts.held(found.userId!));
        const spent = before && (await this.tokens.spend('change_address', token));
        if (!spent) return false;
        const { id, username } = before;
        if (!(await this.accounts.setAddress(id, spent.data.email))) return false;
        await this.tokens.revoke('reset_password', id); // sent to the former address
        await this.mails.send('address_changed', before.email, {
          username,
          address: spent.data.email,
        });
        await this.audit.record(
          'users.address_changed',
          {},
          { target: { kind: 'user', id }, actorId: id },
        );
        return true;
      })
      .catch((error: unknown) => {
        if (violates(error, 'users_email_unique')) return false;
        throw error;
      });
  }
}

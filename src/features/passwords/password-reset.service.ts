import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { AccountChangesService, type NewPassword } from '../users/index.js';
import { FirstProofService } from './first-proof.service.js';
import { PasswordChangesService } from './password-changes.service.js';
import type { ResetPassword } from './passwords.dto.js';

/** Sets a new password for whoever opens the link that was sent to the address of the account. */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountChangesService,
    private readonly changes: PasswordChangesService,
    private readonly firstProof: FirstProofService,
    private readonly tokens: OneTimeTokens,
    private readonly audit: AuditService,
  ) {}

  /**
   * A weak password does not cost the link; an unknown token is told apart from it only by
   * whoever holds a good one.
   * @throws AppError `auth.invalid_link`, `validation.failed`
   */
  async reset({ token, password }: ResetPassword): Promise<void> {
    const found = await this.tokens.look('reset_password', token);
    const contact = found && (await this.accounts.contact(found.userId!));
    if (!contact) return this.refuse();
    // A factor that stood there before the owner of the address did goes, and vouches for nothing.
    const secondFactor = contact.secondFactor && contact.emailVerified;
    const hash = await this.accounts.hashNew(password, { ...contact, secondFactor });
    if (!(await this.database.transaction(() => this.apply(contact.id, token, hash)))) {
      await this.refuse();
    }
  }

  private async apply(id: string, token: string, hash: NewPassword): Promise<boolean> {
    const contact = await this.accounts.held(id);
    const spent = contact && (await this.tokens.spend('reset_password', token));
    // A link proves what it was sent to, which may be a former address by now.
    if (!spent || spent.data.email !== contact.email) return false;
    if (!(await this.changes.replace(contact, hash, 'link'))) return false;
    if (!contact.emailVerified) await this.firstProof.given(contact);
    return true;
  }

  private async refuse(): Promise<never> {
    await this.audit.recordFailure('auth.link_refused', { purpose: 'reset_password' });
    throw new AppError('auth.invalid_link');
  }
}

import { Injectable } from '@nestjs/common';

import { currentSignedIn } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { PasswordCheckService } from '../auth/index.js';
import { LockoutService } from '../lockout/index.js';
import { AccountChangesService } from '../users/index.js';
import { PasswordChangesService } from './password-changes.service.js';
import type { ChangePassword } from './passwords.dto.js';

/** Changing a password by somebody who knows it. */
@Injectable()
export class OwnPasswordService {
  constructor(
    private readonly database: Database,
    private readonly passwords: PasswordCheckService,
    private readonly lockout: LockoutService,
    private readonly accounts: AccountChangesService,
    private readonly changes: PasswordChangesService,
  ) {}

  /**
   * The owner stays signed in here and nowhere else (ASVS V6.2.3, V7.4.3).
   * @throws AppError `auth.wrong_password`, `auth.too_many_attempts`, `validation.failed`
   */
  async change({ currentPassword, password }: ChangePassword): Promise<void> {
    const { userId, sessionId } = currentSignedIn();
    const { standing } = await this.passwords.forChange(userId, currentPassword);
    const contact = await this.accounts.contact(userId);
    if (!contact) throw new AppError('auth.invalid_token');
    const hash = await this.accounts.hashNew(password, contact);
    await this.database.transaction(async () => {
      await this.lockout.passed(standing);
      const done = await this.changes.replace(contact, hash, 'owner', sessionId);
      if (!done) throw new AppError('auth.invalid_token');
    });
  }
}

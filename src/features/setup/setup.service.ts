import { Injectable } from '@nestjs/common';

import { AccountsConfig, ProcessConfig } from '../../platform/config/index.js';
import { runAs } from '../../platform/context/request-context.js';
import { randomToken } from '../../platform/crypto/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { AccountsService, UserView } from '../users/index.js';
import type { CompleteSetup } from './setup.dto.js';

/** Makes the first administrator: from the environment, or with a one-time link. */
@Injectable()
export class SetupService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly tokens: OneTimeTokens,
    private readonly audit: AuditService,
    private readonly config: AccountsConfig,
    private readonly process: ProcessConfig,
  ) {}

  /**
   * Sees to it that an administrator exists or can be made. Gives the link to show once, or null
   * when none is needed.
   */
  prepare(): Promise<string | null> {
    return runAs('system', 'start-up', () =>
      this.accounts.whileAdministratorsHold(async () => {
        if (await this.accounts.hasAdministrator()) return null;
        const { adminEmail, adminPassword } = this.config;
        if (adminEmail && adminPassword) {
          const username = (await this.accounts.findCredentials('admin'))
            ? `admin-${randomToken()
                .slice(0, 6)
                .toLowerCase()
                .replaceAll(/[^a-z0-9]/g, '0')}`
            : 'admin';
          const account = { email: adminEmail, username, password: adminPassword };
          await this.accounts.createAdministrator(account);
          return null;
        }
        const token = await this.tokens.issue('setup');
        await this.audit.record('setup.link_made', {});
        // In the fragment, which browsers keep to themselves (ASVS V14.2.1).
        return `${this.process.publicUrl}/setup#${token}`;
      }),
    );
  }

  /** @throws AppError `setup.closed` when the link is spent, over, or an administrator exists */
  async complete({ token, email, username, password }: CompleteSetup): Promise<UserView> {
    // Before the lock, so that guessing makes nobody wait.
    if (!(await this.tokens.look('setup', token))) return this.refuse();
    return this.accounts.whileAdministratorsHold(async () => {
      const spent = await this.tokens.spend('setup', token);
      if (!spent || (await this.accounts.hasAdministrator())) return this.refuse();
      const user = await this.accounts.createAdministrator({ email, username, password });
      await this.tokens.revoke('setup');
      await this.audit.record(
        'setup.completed',
        {},
        { target: { kind: 'user', id: user.id }, actorId: user.id },
      );
      return user;
    });
  }

  private async refuse(): Promise<never> {
    await this.audit.recordFailure('setup.refused', {});
    throw new AppError('setup.closed');
  }
}

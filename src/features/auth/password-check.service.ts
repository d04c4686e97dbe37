import { Injectable, Logger } from '@nestjs/common';

import type { RefusedSignIn } from '../../catalogue/audit-events.js';
import { AccountsConfig } from '../../platform/config/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { PasswordHasher, type Verification } from '../../platform/passwords/index.js';
import { AuditService } from '../audit/index.js';
import { LockoutService, type Standing } from '../lockout/index.js';
import { AccountsService, type Credentials, signInName } from '../users/index.js';

/** A password that was right, and may count. */
export interface ProvenPassword {
  account: Credentials;
  standing: Standing;
  /** Renews the stored hash when the hashing policy has risen; never fails. */
  renew: () => Promise<void>;
}

/** Judges passwords. */
@Injectable()
export class PasswordCheckService {
  private readonly logger = new Logger('Auth');

  constructor(
    private readonly accounts: AccountsService,
    private readonly hasher: PasswordHasher,
    private readonly lockout: LockoutService,
    private readonly audit: AuditService,
    private readonly config: AccountsConfig,
  ) {}

  /**
   * The same work and the same answer whatever is wrong (ASVS V6.3.8); the audit trail knows.
   * @throws AppError `auth.invalid_credentials`, `auth.too_many_attempts`
   */
  async forSignIn(identifier: string, password: string): Promise<ProvenPassword> {
    const account = await this.accounts.findCredentials(identifier);
    const verification = await this.hasher.verify(account?.passwordHash ?? null, password);
    const standing = await this.lockout.check({
      kind: 'sign-in',
      name: signInName(identifier),
      userId: account?.id ?? null,
    });
    const reason = this.refusalOf(account, verification);
    if (reason || !account) return this.refuse(reason ?? 'unknown_identifier', standing);
    return { account, standing, renew: () => this.renew(account, password, verification) };
  }

  /**
   * Judges the password of somebody who is signed in.
   * @throws AppError `auth.invalid_credentials`, `auth.too_many_attempts`
   */
  async forOwner(userId: string, password: string): Promise<ProvenPassword> {
    return this.ofOwner(userId, password, (standing) => this.refuse('wrong_password', standing));
  }

  /**
   * The same for the present password of who wants another one.
   * @throws AppError `auth.wrong_password`, `auth.too_many_attempts`
   */
  async forChange(userId: string, password: string): Promise<ProvenPassword> {
    return this.ofOwner(userId, password, async (standing) => {
      await this.lockout.failed(standing);
      await this.audit.recordFailure('auth.password_change_refused', {});
      throw new AppError('auth.wrong_password');
    });
  }

  /** Counts the failure, keeps its reason for the audit trail, and tells the caller neither. */
  async refuse(reason: RefusedSignIn, standing: Standing): Promise<never> {
    await this.lockout.failed(standing);
    const { userId } = standing.attempt;
    const target = userId === null ? undefined : ({ kind: 'user', id: userId } as const);
    await this.audit.recordFailure(
      'auth.sign_in_refused',
      { reason },
      { ...(target && { target }) },
    );
    throw new AppError('auth.invalid_credentials');
  }

  private async ofOwner(
    userId: string,
    password: string,
    refuse: (standing: Standing) => Promise<never>,
  ): Promise<ProvenPassword> {
    const account = await this.accounts.credentialsOf(userId);
    const verification = await this.hasher.verify(account?.passwordHash ?? null, password);
    const standing = await this.lockout.check({ kind: 'password', name: userId, userId });
    if (!account || !verification.matches) return refuse(standing);
    return { account, standing, renew: () => this.renew(account, password, verification) };
  }

  private refusalOf(
    account: Credentials | null,
    { matches }: Verification,
  ): RefusedSignIn | undefined {
    if (!account) return 'unknown_identifier';
    if (!matches) return 'wrong_password';
    if (account.status !== 'active') return 'disabled';
    // Signing in to what was just registered would tell whether there was an account before.
    const mustVerify =
      this.config.emailVerification === 'required' || this.config.registrationMode === 'private';
    return mustVerify && !account.emailVerified ? 'email_not_verified' : undefined;
  }

  /** A sign-in is good although the hash could not be renewed; the next one tries again. */
  private async renew(
    { id, passwordHash }: Credentials,
    password: string,
    { outdated, algorithm }: Verification,
  ): Promise<void> {
    if (!outdated) return;
    await this.accounts
      .rehash(id, passwordHash!, password, algorithm)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'A hash was not renewed'));
  }
}

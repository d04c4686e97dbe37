import { Injectable, Logger } from '@nestjs/common';

import type { RefusedSignIn } from '../../catalogue/audit-events.js';
import { AccountsConfig } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { PasswordHasher, type Verification } from '../../platform/passwords/index.js';
import { AuditService } from '../audit/index.js';
import { type OpenedSession, SessionsService } from '../sessions/index.js';
import { AccessTokensService } from '../tokens/index.js';
import { AccountsService, type Credentials, UserView } from '../users/index.js';
import type { Login, Refresh, Register } from './auth.dto.js';
import { TokensView } from './tokens.view.js';

/** Registering, signing in and staying signed in. */
@Injectable()
export class AuthService {
  private readonly logger = new Logger('Auth');

  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
    private readonly audit: AuditService,
    private readonly config: AccountsConfig,
  ) {}

  async register({ email, username, password }: Register): Promise<UserView> {
    if (this.config.registrationMode === 'closed') throw new AppError('auth.registration_closed');
    return this.accounts.create({
      email,
      username,
      password,
      emailVerified: false,
      by: 'registration',
    });
  }

  /**
   * The same work and the same answer whatever is wrong (ASVS V6.3.8); the audit trail knows.
   * @throws AppError `auth.invalid_credentials`
   */
  async login({ identifier, password }: Login): Promise<TokensView> {
    const account = await this.accounts.findCredentials(identifier);
    const verification = await this.hasher.verify(account?.passwordHash ?? null, password);
    const refusal = this.refusalOf(account, verification);
    if (refusal || !account) return this.refuse(refusal ?? 'unknown_identifier', account?.id);
    const opened = await this.openSession(account.id);
    if (!opened) return this.refuse('disabled', account.id);
    if (verification.outdated) await this.rehash(account, password, verification.algorithm);
    return this.tokensFor(opened);
  }

  /** @throws AppError `auth.invalid_refresh_token` */
  async refresh({ refreshToken }: Refresh): Promise<TokensView> {
    return this.tokensFor(await this.sessions.refresh(refreshToken));
  }

  /** A sign-in is good although the hash could not be renewed; the next one tries again. */
  private async rehash(account: Credentials, password: string, from: string): Promise<void> {
    await this.accounts
      .rehash(account.id, account.passwordHash!, password, from)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'A hash was not renewed'));
  }

  private refusalOf(
    account: Credentials | null,
    { matches }: Verification,
  ): RefusedSignIn | undefined {
    if (!account) return 'unknown_identifier';
    if (!matches) return 'wrong_password';
    if (account.status !== 'active') return 'disabled';
    const mustVerify = this.config.emailVerification === 'required';
    return mustVerify && !account.emailVerified ? 'email_not_verified' : undefined;
  }

  private async refuse(reason: RefusedSignIn, userId?: string): Promise<never> {
    const target = userId === undefined ? undefined : ({ kind: 'user', id: userId } as const);
    await this.audit.recordFailure(
      'auth.sign_in_refused',
      { reason },
      { ...(target && { target }) },
    );
    throw new AppError('auth.invalid_credentials');
  }

  private openSession(userId: string): Promise<OpenedSession | null> {
    return this.database.transaction(async () => {
      if (!(await this.accounts.markSignedIn(userId))) return null;
      const opened = await this.sessions.open(userId);
      const sessionId = opened.session.id;
      await this.audit.record(
        'auth.signed_in',
        { sessionId },
        { target: { kind: 'user', id: userId }, actorId: userId },
      );
      return opened;
    });
  }

  private async tokensFor({ session, refreshToken }: OpenedSession): Promise<TokensView> {
    const { accessToken, expiresIn } = await this.tokens.issue(
      { userId: session.userId, sessionId: session.id },
      session.expiresAt,
    );
    return Object.assign(new TokensView(), {
      accessToken,
      tokenType: 'Bearer',
      expiresIn,
      refreshToken,
    });
  }
}

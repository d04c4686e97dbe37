import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { AuditService } from '../audit/index.js';
import { LockoutService, type Standing } from '../lockout/index.js';
import { type OpenedSession, SessionsService } from '../sessions/index.js';
import { AccessTokensService } from '../tokens/index.js';
import { AccountsService } from '../users/index.js';
import type { Login, Refresh } from './auth.dto.js';
import { PasswordCheckService } from './password-check.service.js';
import { TokensView } from './tokens.view.js';

/** Signing in and staying signed in. */
@Injectable()
export class SignInService {
  constructor(
    private readonly database: Database,
    private readonly passwords: PasswordCheckService,
    private readonly lockout: LockoutService,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError `auth.invalid_credentials`, `auth.too_many_attempts` */
  async login({ identifier, password }: Login): Promise<TokensView> {
    const { standing, renew } = await this.passwords.forSignIn(identifier, password);
    const opened = await this.openSession(standing);
    if (!opened) return this.passwords.refuse('disabled', standing);
    await renew();
    return this.tokensFor(opened);
  }

  /** @throws AppError `auth.invalid_refresh_token` */
  async refresh({ refreshToken }: Refresh): Promise<TokensView> {
    return this.tokensFor(await this.sessions.refresh(refreshToken));
  }

  private openSession(standing: Standing): Promise<OpenedSession | null> {
    const userId = standing.attempt.userId!;
    return this.database.transaction(async () => {
      await this.lockout.passed(standing);
      if (!(await this.accounts.markSignedIn(userId))) return null;
      await this.lockout.rememberDevice(standing);
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

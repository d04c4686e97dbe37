import { Injectable } from '@nestjs/common';

import { randomToken } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import { TokensView } from '../auth/index.js';
import { type OpenedSession, SessionsService } from '../sessions/index.js';
import { AccessTokensService } from '../tokens/index.js';
import { AccountsService, type Credentials, demoUsername } from '../users/index.js';

/** Signs in without a password, so that a developer can look around. */
@Injectable()
export class DemoService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
    private readonly audit: AuditService,
  ) {}

  /** @throws AppError `demo.disabled` when an administrator disabled the demo user */
  async signIn(): Promise<TokensView> {
    const { session, refreshToken } = await this.open(await this.account());
    const { userId, id: sessionId, expiresAt } = session;
    const { accessToken, expiresIn } = await this.tokens.issue({ userId, sessionId }, expiresAt);
    const tokenType = 'Bearer' as const;
    const view = { accessToken, tokenType, expiresIn, refreshToken };
    return Object.assign(new TokensView(), view);
  }

  /** Nobody can register this name, and nobody knows the password. */
  private async account(): Promise<Credentials> {
    const find = (): Promise<Credentials | null> => this.accounts.findCredentials(demoUsername);
    const found = await find();
    if (found) return found;
    await this.accounts
      .create({
        email: `${demoUsername}@example.com`,
        username: demoUsername,
        displayName: 'Demo',
        password: randomToken(),
        emailVerified: true,
        by: 'administrator',
      })
      .catch(async (error: unknown) => {
        if (!(await find())) throw error; // else another request was first
      });
    return (await find())!;
  }

  private open(account: Credentials): Promise<OpenedSession> {
    return this.database.transaction(async () => {
      if (!(await this.accounts.markSignedIn(account))) throw new AppError('demo.disabled');
      const opened = await this.sessions.open(account.id);
      await this.audit.record(
        'auth.signed_in',
        { sessionId: opened.session.id, method: 'demo' },
        { target: { kind: 'user', id: account.id }, actorId: account.id },
      );
      return opened;
    });
  }
}

import { Injectable } from '@nestjs/common';

import { currentSignedIn } from '../../platform/context/request-context.js';
import { AppError, invalid } from '../../platform/errors/app-error.js';
import { MfaChallengesService, type ProvenCode, SecondFactorService } from '../mfa/index.js';
import { type OpenedSession, SessionsService } from '../sessions/index.js';
import { AccessTokensService } from '../tokens/index.js';
import type { Login, Refresh, StepUpRequest, VerifySecondFactor } from './auth.dto.js';
import { PasswordCheckService, type ProvenPassword } from './password-check.service.js';
import { SessionOpenerService } from './session-opener.service.js';
import { MfaRequiredView, TokensView } from './tokens.view.js';

/** Signing in, proving it anew, and staying signed in. */
@Injectable()
export class SignInService {
  constructor(
    private readonly passwords: PasswordCheckService,
    private readonly codes: SecondFactorService,
    private readonly challenges: MfaChallengesService,
    private readonly opener: SessionOpenerService,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokensService,
  ) {}

  /** @throws AppError `auth.invalid_credentials`, `auth.too_many_attempts` */
  async login({ identifier, password }: Login): Promise<TokensView | MfaRequiredView> {
    const judge = (): Promise<ProvenPassword> => this.passwords.forSignIn(identifier, password);
    const proven = await judge();
    // Nothing opened when the account changed meanwhile: judged anew, since a hash renewed by a
    // parallel sign-in is no reason to refuse, and a new password or factor is one.
    const answer = (await this.answer(proven)) ?? (await this.answer(await judge()));
    return answer ?? this.passwords.refuse('disabled', proven.standing);
  }

  /** @throws AppError `mfa.invalid_token`, `mfa.invalid_code`, `auth.too_many_attempts` */
  async verify({ mfaToken, code }: VerifySecondFactor): Promise<TokensView> {
    const account = await this.challenges.accountOf(mfaToken);
    const { standing, method, spend } = await this.codes.judge(account.id, code);
    const opened = await this.opener.open({
      account,
      standings: [standing],
      method,
      spend: async () => (await spend()) && (await this.challenges.spend(mfaToken)),
    });
    return opened ? this.tokensFor(opened) : this.codes.refuseReplayed(standing);
  }

  /**
   * Proves anew who is calling. The session is replaced, so that a copy of its tokens does not
   * rise with it (ASVS V7.2.4).
   * @throws AppError `auth.invalid_credentials`, `mfa.invalid_code`, `auth.too_many_attempts`
   */
  async stepUp({ password, code }: StepUpRequest): Promise<TokensView> {
    const { userId, sessionId } = currentSignedIn();
    const { account, standing } = await this.passwords.forOwner(userId, password);
    const proven = account.secondFactor ? await this.codeOf(userId, code) : null;
    const opened = await this.opener.open({
      account,
      standings: [...(proven ? [proven.standing] : []), standing],
      method: 'step_up',
      spend: async () =>
        (!proven || (await proven.spend())) && (await this.sessions.endReplaced(sessionId, userId)),
    });
    if (opened) return this.tokensFor(opened);
    if (proven) return this.codes.refuseReplayed(proven.standing);
    throw new AppError('auth.invalid_token');
  }

  /** @throws AppError `auth.invalid_refresh_token` */
  async refresh({ refreshToken }: Refresh): Promise<TokensView> {
    return this.tokensFor(await this.sessions.refresh(refreshToken));
  }

  private async answer(proven: ProvenPassword): Promise<TokensView | MfaRequiredView | null> {
    const { account, standing, renew } = proven;
    if (account.secondFactor) return this.askForCode(proven);
    const opened = await this.opener.open({ account, standings: [standing], method: 'password' });
    if (!opened) return null;
    await renew();
    return this.tokensFor(opened);
  }

  private async askForCode({ account, standing, renew }: ProvenPassword): Promise<MfaRequiredView> {
    await this.opener.accept(standing);
    await renew();
    const mfaToken = await this.challenges.issue(account.id);
    return Object.assign(new MfaRequiredView(), { mfaRequired: true as const, mfaToken });
  }

  private codeOf(userId: string, code: string | undefined): Promise<ProvenCode> {
    if (code === undefined)
      throw invalid('/code', 'required', 'is needed: a second factor is in place');
    return this.codes.judge(userId, code);
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

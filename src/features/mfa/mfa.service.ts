import { Injectable } from '@nestjs/common';

import { currentSignedIn } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { type AuditDetails, AuditService } from '../audit/index.js';
import { SessionsService } from '../sessions/index.js';
import { AccountsService, OwnerNoticesService } from '../users/index.js';
import type { ConfirmTotp } from './mfa.dto.js';
import { MfaRepository } from './mfa.repository.js';
import { MfaStateView, RecoveryCodesView, TotpEnrolmentView } from './mfa.view.js';
import { newRecoveryCodes, recoveryCodeHash } from './recovery-code.js';
import { SecondFactorService } from './second-factor.service.js';

/** The second factor of an account: put in place, looked at, taken away. */
@Injectable()
export class MfaService {
  constructor(
    private readonly database: Database,
    private readonly factors: MfaRepository,
    private readonly codes: SecondFactorService,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
    private readonly notices: OwnerNoticesService,
  ) {}

  async ownState(): Promise<MfaStateView> {
    const state = await this.factors.state(currentSignedIn().userId);
    return Object.assign(new MfaStateView(), state);
  }

  /** @throws AppError `mfa.already_enrolled`: what is in place is not replaced, only removed */
  async begin(): Promise<TotpEnrolmentView> {
    const { userId } = currentSignedIn();
    const enrolment = this.codes.newSecret(userId, await this.accounts.emailOf(userId));
    return this.database.transaction(async () => {
      if (!(await this.factors.begin(userId, enrolment.sealed))) {
        throw new AppError('mfa.already_enrolled');
      }
      await this.audit.record('mfa.enrolment_begun', {}, targetOf(userId));
      return enrolment.view;
    });
  }

  /**
   * Puts the factor in place once its code was shown. Other sessions end: whoever opened them
   * has not shown it (ASVS V7.4.3).
   * @throws AppError `mfa.no_enrolment`, `mfa.invalid_code`, `auth.too_many_attempts`
   */
  async confirm({ code }: ConfirmTotp): Promise<RecoveryCodesView> {
    const { userId, sessionId } = currentSignedIn();
    const { spend } = await this.codes.judgePending(userId, code);
    return this.database.transaction(async () => {
      if (!(await spend())) throw new AppError('mfa.no_enrolment');
      await this.accounts.setSecondFactor(userId, true);
      await this.sessions.demandLive(sessionId);
      const sessionsEnded = await this.sessions.endOthersOf(userId, sessionId);
      await this.audit.record('mfa.enabled', { sessionsEnded }, targetOf(userId));
      await this.tell(userId, 'an authenticator app was added');
      return this.replaceCodes(userId);
    });
  }

  /** @throws AppError `mfa.not_enrolled`, `mfa.password_too_short` */
  async removeOwn(): Promise<void> {
    const { userId } = currentSignedIn();
    await this.database.transaction(async () => {
      await this.remove(userId);
      await this.audit.record('mfa.disabled', {}, targetOf(userId));
      await this.tell(userId, 'the authenticator app was removed');
    });
  }

  /**
   * Takes the factor away from a user who lost it; for operators, who have looked at that person.
   * A password that is too short to stand alone goes with it: its owner sets another one by mail.
   * @returns whether the password stays
   * @throws AppError `mfa.not_enrolled`
   */
  async reset(userId: string): Promise<boolean> {
    return this.database.transaction(async () => {
      if (!(await this.factors.remove(userId))) throw new AppError('mfa.not_enrolled');
      const stays = await this.accounts.dropSecondFactor(userId);
      const sessionsEnded = await this.sessions.endAllOf(userId);
      await this.audit.record('mfa.reset', { sessionsEnded }, targetOf(userId));
      const change = 'an operator removed the authenticator app';
      const more = ', and the password, which was too short to stand alone: set a new one';
      await this.tell(userId, stays ? change : change + more);
      return stays;
    });
  }

  /** Removes what is in place or being put there, in the running transaction. */
  async forget(userId: string): Promise<void> {
    if (!(await this.factors.remove(userId))) return;
    await this.accounts.setSecondFactor(userId, false);
    const details = { ...targetOf(userId), actorId: userId };
    await this.audit.record('mfa.disabled', {}, details);
  }

  /** @throws AppError `mfa.not_enrolled` */
  async renewOwnRecoveryCodes(): Promise<RecoveryCodesView> {
    const { userId } = currentSignedIn();
    return this.database.transaction(async () => {
      if (!(await this.isEnrolled(userId))) throw new AppError('mfa.not_enrolled');
      await this.audit.record('mfa.recovery_codes_renewed', {}, targetOf(userId));
      await this.tell(userId, 'new recovery codes replaced the old ones');
      return this.replaceCodes(userId);
    });
  }

  /** Whether a second factor stands beside the password, which may be shorter then. */
  async isEnrolled(userId: string): Promise<boolean> {
    return (await this.factors.state(userId)).enrolled;
  }

  private async remove(userId: string): Promise<void> {
    if (!(await this.factors.remove(userId))) throw new AppError('mfa.not_enrolled');
    await this.accounts.setSecondFactor(userId, false);
  }

  private tell(userId: string, change: string): Promise<void> {
    return this.notices.tell(userId, 'second_factor_changed', { change });
  }

  private async replaceCodes(userId: string): Promise<RecoveryCodesView> {
    const recoveryCodes = newRecoveryCodes();
    const hashes = recoveryCodes.map((code) => recoveryCodeHash(code)!);
    await this.factors.replaceRecoveryCodes(userId, hashes);
    return Object.assign(new RecoveryCodesView(), { recoveryCodes });
  }
}

function targetOf(userId: string): AuditDetails {
  return { target: { kind: 'user', id: userId } };
}

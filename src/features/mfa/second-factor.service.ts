import { randomBytes } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { ProcessConfig } from '../../platform/config/index.js';
import { KeyRing } from '../../platform/crypto/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import { LockoutService, type Standing } from '../lockout/index.js';
import { MfaRepository } from './mfa.repository.js';
import { TotpEnrolmentView } from './mfa.view.js';
import { recoveryCodeHash } from './recovery-code.js';
import { base32, matchingStep, otpauthUrl, secretBytes } from './totp.js';

/** A code that was right, and may count once. */
export interface ProvenCode {
  method: 'totp' | 'recovery_code';
  standing: Standing;
  /** Spends the code in the running transaction; false when it was spent before. */
  spend: () => Promise<boolean>;
}

type Match = Omit<ProvenCode, 'standing'>;

/** Judges codes of the second factor. */
@Injectable()
export class SecondFactorService {
  constructor(
    private readonly factors: MfaRepository,
    private readonly lockout: LockoutService,
    private readonly keyRing: KeyRing,
    private readonly audit: AuditService,
    private readonly config: ProcessConfig,
  ) {}

  /**
   * Judges a code of an authenticator or a recovery code, behind the same lock as passwords.
   * @throws AppError `mfa.invalid_code`, `auth.too_many_attempts`
   */
  async judge(userId: string, code: string): Promise<ProvenCode> {
    const match = await this.match(userId, code);
    const standing = await this.lockout.check({ kind: 'second-factor', name: userId, userId });
    if (!match) return this.refuse(standing);
    return { ...match, standing };
  }

  /** Counts a wrong code and keeps it for the audit trail. */
  async refuse(standing: Standing): Promise<never> {
    await this.lockout.failed(standing);
    return this.refuseReplayed(standing, 'wrong');
  }

  /** Refuses a code that was right but used: no guess, so that it is not counted as one. */
  async refuseReplayed(
    { attempt }: Standing,
    reason: 'wrong' | 'used_before' = 'used_before',
  ): Promise<never> {
    const target = { kind: 'user', id: attempt.userId! } as const;
    await this.audit.recordFailure('mfa.code_refused', { reason }, { target });
    throw new AppError('mfa.invalid_code');
  }

  /**
   * Judges a code of the authenticator that is being enrolled; spending it puts it in place.
   * @throws AppError `mfa.no_enrolment`, `mfa.invalid_code`, `auth.too_many_attempts`
   */
  async judgePending(userId: string, code: string): Promise<ProvenCode> {
    const sealed = await this.factors.pendingSecret(userId);
    if (!sealed) throw new AppError('mfa.no_enrolment');
    const step = this.stepOf(userId, sealed, code);
    const standing = await this.lockout.check({ kind: 'second-factor', name: userId, userId });
    if (step === null) return this.refuse(standing);
    const spend = async (): Promise<boolean> => {
      if (!(await this.factors.confirm(userId, sealed, step))) return false;
      await this.lockout.passed(standing);
      return true;
    };
    return { method: 'totp', standing, spend };
  }

  /** A secret for a new authenticator of `account`: as it is stored, and as it is shown, once. */
  newSecret(userId: string, account: string): { sealed: Buffer; view: TotpEnrolmentView } {
    const secret = randomBytes(secretBytes);
    const issuer = new URL(this.config.publicUrl).hostname;
    return {
      sealed: this.keyRing.seal('second-factors', secret, secretContext(userId)),
      view: Object.assign(new TotpEnrolmentView(), {
        secret: base32(secret),
        otpauthUrl: otpauthUrl(secret, account, issuer),
      }),
    };
  }

  private stepOf(userId: string, sealed: Buffer, code: string): number | null {
    const secret = this.keyRing.open('second-factors', sealed, secretContext(userId));
    return matchingStep(secret, code.replace(/\s/g, ''), Date.now());
  }

  private async match(userId: string, code: string): Promise<Match | null> {
    const hash = recoveryCodeHash(code);
    if (hash) {
      if (!(await this.factors.hasRecoveryCode(userId, hash))) return null;
      return {
        method: 'recovery_code',
        spend: () => this.spendRecoveryCode(userId, hash),
      };
    }
    const sealed = await this.factors.secret(userId);
    const step = sealed && this.stepOf(userId, sealed, code);
    if (step === null) return null;
    return { method: 'totp', spend: () => this.factors.spendStep(userId, step) };
  }

  private async spendRecoveryCode(userId: string, hash: Buffer): Promise<boolean> {
    if (!(await this.factors.spendRecoveryCode(userId, hash))) return false;
    const { recoveryCodesLeft } = await this.factors.state(userId);
    await this.audit.record(
      'mfa.recovery_code_used',
      { left: recoveryCodesLeft },
      { target: { kind: 'user', id: userId }, actorId: userId },
    );
    return true;
  }
}

function secretContext(userId: string): string {
  return `totp_secrets.secret_sealed:${userId}`;
}

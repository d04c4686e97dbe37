import { Injectable } from '@nestjs/common';

import type { AuditPayload } from '../../catalogue/audit-events.js';
import { currentContext } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AuditService } from '../audit/index.js';
import { LockoutService, type Standing } from '../lockout/index.js';
import { deviceName, type OpenedSession, SessionsService } from '../sessions/index.js';
import { AccountsService, type Credentials, OwnerNoticesService } from '../users/index.js';

export interface Proof {
  account: Credentials;
  /** Standings of everything that was judged; the last one is remembered with its device. */
  standings: [...Standing[], Standing];
  method: AuditPayload<'auth.signed_in'>['method'];
  /** Spends what works once, in the transaction of the sign-in; false when it was spent before. */
  spend?: () => Promise<boolean>;
}

/** Opens a session for somebody who has proved everything that is asked for. */
@Injectable()
export class SessionOpenerService {
  constructor(
    private readonly database: Database,
    private readonly lockout: LockoutService,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
    private readonly notices: OwnerNoticesService,
  ) {}

  /** Takes note of something right that does not suffice to open a session. */
  accept(standing: Standing): Promise<void> {
    return this.database.transaction(() => this.lockout.passed(standing));
  }

  /**
   * Null when what was proved does not hold any more: something was spent, the account was
   * disabled, or its password changed.
   * @throws AppError `auth.too_many_attempts` when a lock came in between
   */
  async open(proof: Proof): Promise<OpenedSession | null> {
    try {
      return await this.database.transaction(() => this.openInTransaction(proof));
    } catch (error) {
      if (error instanceof ProofGone) return null;
      throw error;
    }
  }

  private async openInTransaction(proof: Proof): Promise<OpenedSession> {
    const { account, standings, method, spend } = proof;
    // Thrown, so that what was spent before is not lost.
    if (spend && !(await spend())) throw new ProofGone();
    for (const standing of standings) await this.lockout.passed(standing);
    if (!(await this.accounts.markSignedIn(account))) throw new ProofGone();
    const device = await this.lockout.rememberDevice(standings.at(-1)!);
    const opened = await this.sessions.open(account.id);
    if (opened.ended > 0) await this.tell(account.id, 'session_limit_reached');
    if (device === 'new') await this.tell(account.id, 'new_device');
    await this.audit.record(
      'auth.signed_in',
      { sessionId: opened.session.id, method },
      { target: { kind: 'user', id: account.id }, actorId: account.id },
    );
    return opened;
  }

  private tell(userId: string, notice: 'new_device' | 'session_limit_reached'): Promise<void> {
    const device = deviceName(currentContext()?.userAgent ?? null) ?? 'an unknown program';
    return this.notices.tell(userId, notice, { device });
  }
}

class ProofGone extends Error {}

import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { Caches } from '../../platform/cache/index.js';
import { TokensConfig } from '../../platform/config/index.js';
import { currentContext, currentSignedIn } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import {
  decodeRefreshToken,
  encodeRefreshToken,
  hashesOf,
  newRefreshToken,
  openSuccessor,
  type RefreshToken,
  sealSuccessor,
} from './refresh-token.js';
import { SessionListView, SessionView } from './session.view.js';
import {
  type ListedSession,
  type LiveSession,
  SessionsRepository,
  sessionTag,
} from './sessions.repository.js';

/**
 * For this long the predecessor still gets the same successor, so that two tabs refreshing at
 * once, or an answer lost on the way, end no session (RFC 9700 section 4.14.2).
 */
const graceSeconds = 10;

export interface OpenedSession {
  session: LiveSession;
  refreshToken: string;
}

/** Sessions and the refresh tokens that keep them alive. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsRepository,
    private readonly audit: AuditService,
    private readonly caches: Caches,
    private readonly config: TokensConfig,
  ) {}

  /**
   * Opens a session in the running transaction, which must hold the user's row, so that parallel
   * sign-ins see each other and the limit of sessions holds. `ended` says how many had to go.
   */
  async open(userId: string): Promise<OpenedSession & { ended: number }> {
    const token = newRefreshToken();
    const hashes = hashesOf(token);
    const context = currentContext();
    const { session, ended } = await this.sessions.open(
      {
        id: uuidv7(),
        userId,
        familyHash: hashes.family,
        secretHash: hashes.secret,
        address: context?.address ?? null,
        userAgent: context?.userAgent ?? null,
        idleSeconds: this.config.sessionIdleSeconds,
        totalSeconds: this.config.sessionSeconds,
      },
      this.config.sessionsPerUser - 1,
    );
    for (const sessionId of ended) await this.ended(sessionId, userId, 'session_limit');
    return { session, refreshToken: encodeRefreshToken(token), ended: ended.length };
  }

  /**
   * Exchanges a refresh token for its successor. An old token ends its session: either its owner
   * or a thief holds a copy, and nobody can tell which (ASVS V10.4.5).
   * @throws AppError `auth.invalid_refresh_token`
   */
  async refresh(presented: string): Promise<OpenedSession> {
    const token = decodeRefreshToken(presented);
    const opened = token && ((await this.rotate(token)) ?? (await this.replay(token)));
    if (!opened) throw new AppError('auth.invalid_refresh_token');
    return opened;
  }

  /** The session behind an access token, if it is still good. */
  async live(id: string): Promise<LiveSession | null> {
    return (await this.sessions.live(id)) ?? null;
  }

  /**
   * For what must not be done by who lost the session while asking: in a transaction that holds
   * the user's row, as whatever ends all sessions does.
   * @throws AppError `auth.invalid_token`
   */
  async demandLive(id: string): Promise<void> {
    if (!(await this.live(id))) throw new AppError('auth.invalid_token');
  }

  async listOwn(): Promise<SessionListView> {
    const { userId, sessionId } = currentSignedIn();
    const found = await this.sessions.liveOf(userId);
    return { items: found.map((session) => SessionView.of(session, sessionId)) };
  }

  /** @throws AppError `sessions.not_found`, also for a session of somebody else */
  async revokeOwn(id: string): Promise<void> {
    const { userId } = currentSignedIn();
    await this.database.transaction(async () => {
      if (!(await this.sessions.end(id, userId))) throw new AppError('sessions.not_found');
      await this.ended(id, userId, 'owner');
    });
  }

  /** Signs the caller out of the session of this request. */
  async signOut(): Promise<void> {
    const { userId, sessionId } = currentSignedIn();
    await this.database.transaction(async () => {
      // Also when it is gone already: whoever still has it in a cache was not told.
      await this.caches.invalidate(sessionTag(sessionId));
      if (!(await this.sessions.end(sessionId, userId))) return;
      const target = { kind: 'session', id: sessionId } as const;
      await this.audit.record('auth.signed_out', { sessionId }, { target });
    });
  }

  /** Signs the caller out everywhere, here included. */
  async signOutEverywhere(): Promise<void> {
    await this.endEverywhere(currentSignedIn().userId);
  }

  /** For the command line. */
  listOf(userId: string): Promise<ListedSession[]> {
    return this.sessions.liveOf(userId);
  }

  /** Ends all sessions of a user, as its owner or an operator asks; gives their number. */
  async endEverywhere(userId: string): Promise<number> {
    return this.database.transaction(async () => {
      const sessions = await this.endAllOf(userId);
      const target = { kind: 'user', id: userId } as const;
      await this.audit.record('auth.signed_out_everywhere', { sessions }, { target });
      return sessions;
    });
  }

  /** Ends the session that stepping up replaces, in the running transaction; false when it is gone. */
  async endReplaced(id: string, userId: string): Promise<boolean> {
    if (!(await this.sessions.end(id, userId))) return false;
    await this.ended(id, userId, 'stepped_up');
    return true;
  }

  /** Ends the session of a refresh token, old ones included; false when there is none. */
  async revokeByRefreshToken(presented: string): Promise<boolean> {
    const token = decodeRefreshToken(presented);
    const session = token && (await this.sessions.byFamily(hashesOf(token).family, graceSeconds));
    return session ? this.revokeByToken(session.id, session.userId) : false;
  }

  /** Ends the session of a token that somebody presented to have it revoked (RFC 7009). */
  async revokeByToken(id: string, userId: string): Promise<boolean> {
    return this.database.transaction(async () => {
      if (!(await this.sessions.end(id, userId))) return false;
      await this.ended(id, userId, 'token_revoked');
      return true;
    });
  }

  /** Ends the other sessions of a user in the running transaction; the caller records why. */
  async endOthersOf(userId: string, keptId: string): Promise<number> {
    const others = (await this.sessions.liveOf(userId)).filter(({ id }) => id !== keptId);
    for (const { id } of others) await this.sessions.end(id, userId);
    await this.caches.invalidate(...others.map(({ id }) => sessionTag(id)));
    return others.length;
  }

  /** Ends all sessions of a user in the running transaction; the caller records why. */
  async endAllOf(userId: string): Promise<number> {
    const ids = await this.sessions.endAllOf(userId);
    if (ids.length > 0) await this.caches.invalidate(...ids.map(sessionTag));
    return ids.length;
  }

  private async rotate(token: RefreshToken): Promise<OpenedSession | null> {
    const successor = newRefreshToken(token.family);
    const hashes = hashesOf(token);
    return this.database.transaction(async () => {
      const session = await this.sessions.rotate({
        familyHash: hashes.family,
        secretHash: hashes.secret,
        newSecretHash: hashesOf(successor).secret,
        successorSealed: sealSuccessor(successor, token),
        idleSeconds: this.config.sessionIdleSeconds,
        address: currentContext()?.address ?? null,
      });
      if (!session) return null;
      const { id: sessionId, generation, userId } = session;
      await this.audit.record(
        'auth.session_refreshed',
        { sessionId, generation, replayed: false },
        { target: { kind: 'session', id: sessionId }, actorId: userId },
      );
      return { session, refreshToken: encodeRefreshToken(successor) };
    });
  }

  /** A token that is not the current one: the predecessor within its grace, an old one, or none. */
  private async replay(token: RefreshToken): Promise<OpenedSession | null> {
    const hashes = hashesOf(token);
    const session = await this.sessions.byFamily(hashes.family, graceSeconds);
    if (!session) return null;
    const { previousHash, successorSealed, recent } = session;
    if (recent && successorSealed && previousHash?.equals(hashes.secret)) {
      const successor = openSuccessor(successorSealed, token);
      const { id: sessionId, generation, userId } = session;
      await this.audit.record(
        'auth.session_refreshed',
        { sessionId, generation, replayed: true },
        { target: { kind: 'session', id: sessionId }, actorId: userId },
      );
      return { session, refreshToken: encodeRefreshToken(successor) };
    }
    await this.endReused(session);
    return null;
  }

  private async endReused({ id, userId, generation }: LiveSession): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.sessions.end(id, userId))) return;
      await this.audit.record(
        'auth.refresh_token_reused',
        { sessionId: id, generation },
        { target: { kind: 'session', id }, actorId: userId, outcome: 'failure' },
      );
      await this.caches.invalidate(sessionTag(id));
    });
  }

  private async ended(
    id: string,
    userId: string,
    reason: 'owner' | 'session_limit' | 'stepped_up' | 'token_revoked',
  ): Promise<void> {
    await this.audit.record(
      'auth.session_revoked',
      { sessionId: id, reason },
      { target: { kind: 'session', id }, actorId: userId },
    );
    await this.caches.invalidate(sessionTag(id));
  }
}

import { Injectable, Logger } from '@nestjs/common';

import { Caches } from '../../platform/cache/index.js';
import { KeyRing } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { Redis, type RedisReply, type RedisScript } from '../../platform/redis/index.js';
import { EndedSessions } from './ended-sessions.repository.js';
import {
  endSession,
  endSessions,
  findFamily,
  findSession,
  keepGrace,
  listSessions,
  openSession,
  rotateSession,
} from './session-scripts.js';
import {
  type ListedSession,
  type LiveSession,
  type NewSession,
  type RotatedSession,
  type Rotation,
  SessionsRepository,
  sessionTag,
} from './sessions.repository.js';

const keyClass = 'sessions';
const prefix = 'gatehouse:sessions:';
/** How long a refresh token stays good whose exchange failed on our side. Milliseconds. */
const failedRotationGraceMs = 24 * 60 * 60 * 1000;

/**
 * What a session is, sealed; the rest of it must be seen by scripts. Who writes to Redis cannot
 * make a sign-in younger than it is, or its session longer. Milliseconds since 1970.
 */
interface Sealed {
  id: string;
  userId: string;
  userAgent: string | null;
  openedAt: number;
  over: number;
}

/**
 * Sessions in Redis. It cannot take part in a transaction of the database, so the order decides:
 * a session is ended here before the transaction commits, and one whose opening fails to commit
 * is taken back; nobody has its token. What was ended is noted in the database, in its transaction:
 * Redis that comes back with data of before does not bring it to life again.
 *
 * Whoever reads Redis or its files learns nothing about users: ids are keyed hashes, contents are
 * sealed and bound to their session, so that they open nowhere else.
 */
@Injectable()
export class RedisSessions extends SessionsRepository {
  private readonly logger = new Logger('Sessions');

  constructor(
    private readonly redis: Redis,
    private readonly keyRing: KeyRing,
    private readonly database: Database,
    private readonly caches: Caches,
    private readonly ended: EndedSessions,
  ) {
    super();
    redis.onDataLost(() => caches.clear()); // sessions that were lost are over in caches, too
  }

  async open(
    session: NewSession,
    keep: number,
  ): Promise<{ session: LiveSession; ended: string[] }> {
    const { id, userId, userAgent } = session;
    const family = session.familyHash.toString('base64url');
    const openedAt = Date.now();
    const over = openedAt + session.totalSeconds * 1000;
    const sealed = { id, userId, userAgent, openedAt, over } satisfies Sealed;
    this.database.afterRollback(async () => void (await this.end(id, userId)));
    const reply = await this.run(openSession, [
      this.sessionKey(id),
      this.userKey(userId),
      family,
      session.secretHash,
      this.seal(JSON.stringify(sealed), family, 'data'),
      this.seal(session.address ?? '', family, 'address'),
      session.idleSeconds * 1000,
      session.totalSeconds * 1000,
      keep,
    ]);
    const [opened, ended] = reply as [RedisReply, RedisReply[]];
    return { session: this.sessionOf(opened), ended: await this.forget(ended) };
  }

  async live(id: string): Promise<LiveSession | undefined> {
    const found = await this.run(findSession, [this.sessionKey(id)]);
    const session = found === null ? undefined : this.sessionOf(found);
    return session?.id === id ? this.unended(session) : undefined;
  }

  async liveOf(userId: string): Promise<ListedSession[]> {
    const found = (await this.run(listSessions, [this.userKey(userId)])) as RedisReply[];
    const own = this.readable(found).filter((each) => each.userId === userId);
    const ended = await this.ended.among(own.map(({ id }) => id));
    return own.filter(({ id }) => !ended.has(id));
  }

  async rotate(rotation: Rotation): Promise<LiveSession | undefined> {
    const family = rotation.familyHash.toString('base64url');
    const rotated = await this.run(rotateSession, [
      family,
      rotation.secretHash,
      rotation.newSecretHash,
      rotation.successorSealed,
      this.seal(rotation.address ?? '', family, 'address'),
      rotation.idleSeconds * 1000,
    ]);
    if (rotated === null) return undefined;
    const undone = [family, rotation.newSecretHash, failedRotationGraceMs];
    this.database.afterRollback(async () => void (await this.run(keepGrace, undone)));
    return this.unended(this.sessionOf(rotated));
  }

  async byFamily(familyHash: Buffer, graceSeconds: number): Promise<RotatedSession | undefined> {
    const family = familyHash.toString('base64url');
    const found = await this.run(findFamily, [family, graceSeconds * 1000]);
    if (found === null) return undefined;
    const [told, previous, successor, recent] = found as [RedisReply, Buffer, Buffer, number];
    const session = await this.unended(this.sessionOf(told));
    return (
      session && {
        ...session,
        previousHash: previous.length > 0 ? previous : null,
        successorSealed: successor.length > 0 ? successor : null,
        recent: recent === 1,
      }
    );
  }

  async end(id: string, userId: string): Promise<boolean> {
    // Also when there was no answer: it may have ended.
    this.database.afterRollback(() => this.caches.invalidate(sessionTag(id)));
    const told = await this.run(endSession, [this.sessionKey(id), this.userKey(userId)]);
    if (told !== null) await this.forget([told]);
    return told !== null;
  }

  async endAllOf(userId: string): Promise<string[]> {
    const ended = await this.run(endSessions, [this.userKey(userId)]);
    return this.forget(ended as RedisReply[]);
  }

  /**
   * Redis itself removes what is over. What goes here are sessions of before there was a Redis:
   * nobody can end them, so they must not come back with PostgreSQL as their store.
   */
  async deleteExpired(batch: number): Promise<number> {
    const rows = await this.database.rows(
      'DELETE FROM sessions WHERE id IN (SELECT id FROM sessions LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id',
      [batch],
    );
    return rows.length + (await this.ended.deleteExpired(batch));
  }

  /** The session, unless it was ended and Redis has forgotten that. */
  private async unended(session: ListedSession): Promise<ListedSession | undefined> {
    const { id, userId } = session;
    if (!(await this.ended.among([id])).has(id)) return session;
    await this.run(endSession, [this.sessionKey(id), this.userKey(userId)]);
    return undefined;
  }

  private run(
    script: RedisScript,
    args: readonly (string | number | Buffer)[],
  ): Promise<RedisReply> {
    return this.redis.run(script, [], [prefix, ...args]);
  }

  /** Notes sessions that have just been ended; gives their ids. */
  private async forget(told: readonly RedisReply[]): Promise<string[]> {
    const ended = this.readable(told);
    const ids = ended.map(({ id }) => id);
    // They stay ended although the transaction that notes it, and tells caches, failed.
    this.database.afterRollback(async () => {
      await this.caches.invalidate(...ids.map(sessionTag));
      await this.ended.add(ended);
    });
    await this.ended.add(ended);
    return ids;
  }

  /** What somebody else wrote there opens nowhere, and must not keep the others from being ended. */
  private readable(told: readonly RedisReply[]): ListedSession[] {
    return told.flatMap((each) => {
      try {
        return [this.sessionOf(each)];
      } catch (error) {
        this.logger.warn({ err: error }, 'A session in Redis cannot be read');
        return [];
      }
    });
  }

  /** `told` of the scripts: data, address, family, generation, created, last used, over. */
  private sessionOf(told: RedisReply): ListedSession {
    const [data, address, family, ...numbers] = told as readonly Buffer[];
    const [generation, , lastUsedAt, expiresAt] = numbers.map((each) => Number(each));
    const bound = family!.toString();
    const sealed = JSON.parse(this.unseal(data!, bound, 'data')) as Sealed;
    const { id, userId, userAgent, openedAt, over } = sealed;
    return {
      ...{ id, userId, userAgent, generation: generation! },
      address: this.unseal(address!, bound, 'address') || null,
      createdAt: new Date(openedAt),
      lastUsedAt: new Date(lastUsedAt!),
      expiresAt: new Date(Math.min(expiresAt!, over)),
    };
  }

  private sessionKey(id: string): string {
    return this.keyRing.mac(keyClass, `session:${id}`).toString('base64url');
  }

  private userKey(userId: string): string {
    return this.keyRing.mac(keyClass, `user:${userId}`).toString('base64url');
  }

  private seal(text: string, family: string, part: 'data' | 'address'): Buffer {
    return this.keyRing.seal(keyClass, Buffer.from(text), `${part}:${family}`);
  }

  private unseal(sealed: Buffer, family: string, part: 'data' | 'address'): string {
    return this.keyRing.open(keyClass, sealed, `${part}:${family}`).toString();
  }
}

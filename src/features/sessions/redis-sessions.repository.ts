import { Injectable } from '@nestjs/common';

import { Caches } from '../../platform/cache/index.js';
import { KeyRing } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { Redis, type RedisReply, type RedisScript } from '../../platform/redis/index.js';
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

/** What a session is, sealed; the rest of it must be seen by scripts. */
interface Sealed {
  id: string;
  userId: string;
  userAgent: string | null;
}

/**
 * Sessions in Redis. It cannot take part in a transaction of the database, so the order decides:
 * a session is ended here before the transaction commits, and one whose opening fails to commit
 * is taken back; nobody has its token.
 *
 * Whoever reads Redis or its files learns nothing about users: ids are keyed hashes, contents are
 * sealed and bound to their session, so that they open nowhere else.
 */
@Injectable()
export class RedisSessions extends SessionsRepository {
  constructor(
    private readonly redis: Redis,
    private readonly keyRing: KeyRing,
    private readonly database: Database,
    private readonly caches: Caches,
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
    this.database.afterRollback(async () => void (await this.end(id, userId)));
    const reply = await this.run(openSession, [
      this.sessionKey(id),
      this.userKey(userId),
      family,
      session.secretHash,
      this.seal(JSON.stringify({ id, userId, userAgent } satisfies Sealed), family, 'data'),
      this.seal(session.address ?? '', family, 'address'),
      session.idleSeconds * 1000,
      session.totalSeconds * 1000,
      keep,
    ]);
    const [opened, ended] = reply as [RedisReply, RedisReply[]];
    return { session: this.sessionOf(opened), ended: this.forget(ended) };
  }

  async live(id: string): Promise<LiveSession | undefined> {
    const found = await this.run(findSession, [this.sessionKey(id)]);
    const session = found === null ? undefined : this.sessionOf(found);
    return session?.id === id ? session : undefined;
  }

  async liveOf(userId: string): Promise<ListedSession[]> {
    const found = (await this.run(listSessions, [this.userKey(userId)])) as RedisReply[];
    return found.map((each) => this.sessionOf(each)).filter((each) => each.userId === userId);
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
    return this.sessionOf(rotated);
  }

  async byFamily(familyHash: Buffer, graceSeconds: number): Promise<RotatedSession | undefined> {
    const family = familyHash.toString('base64url');
    const found = await this.run(findFamily, [family, graceSeconds * 1000]);
    if (found === null) return undefined;
    const [session, previous, successor, recent] = found as [RedisReply, Buffer, Buffer, number];
    return {
      ...this.sessionOf(session),
      previousHash: previous.length > 0 ? previous : null,
      successorSealed: successor.length > 0 ? successor : null,
      recent: recent === 1,
    };
  }

  async end(id: string, userId: string): Promise<boolean> {
    let ended: RedisReply = 1; // as long as there is no answer
    this.tellAfterRollback(() => (ended === 1 ? [id] : []));
    ended = await this.run(endSession, [this.sessionKey(id), this.userKey(userId)]);
    return ended === 1;
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
    return rows.length;
  }

  private run(
    script: RedisScript,
    args: readonly (string | number | Buffer)[],
  ): Promise<RedisReply> {
    return this.redis.run(script, [], [prefix, ...args]);
  }

  /** Ids of sessions that have just been ended. */
  private forget(ended: readonly RedisReply[]): string[] {
    const ids = ended.map((each) => this.sessionOf(each).id);
    this.tellAfterRollback(() => ids);
    return ids;
  }

  /** The sessions stay ended although the transaction that tells the caches of it failed. */
  private tellAfterRollback(ended: () => readonly string[]): void {
    this.database.afterRollback(() => this.caches.invalidate(...ended().map(sessionTag)));
  }

  /** `told` of the scripts: data, address, family, generation, created, last used, over. */
  private sessionOf(told: RedisReply): ListedSession {
    const [data, address, family, ...numbers] = told as readonly Buffer[];
    const [generation, createdAt, lastUsedAt, expiresAt] = numbers.map((each) => Number(each));
    const bound = family!.toString();
    const { id, userId, userAgent } = JSON.parse(this.unseal(data!, bound, 'data')) as Sealed;
    return {
      ...{ id, userId, userAgent, generation: generation! },
      address: this.unseal(address!, bound, 'address') || null,
      createdAt: new Date(createdAt!),
      lastUsedAt: new Date(lastUsedAt!),
      expiresAt: new Date(expiresAt!),
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

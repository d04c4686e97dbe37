import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { Session } from './session.entity.js';
import {
  type LiveSession,
  type NewSession,
  type RotatedSession,
  type Rotation,
  SessionsRepository,
} from './sessions.repository.js';

const live = 'idle_expires_at > now() AND expires_at > now()';
const liveColumns =
  'id, user_id AS "userId", generation, created_at AS "createdAt", expires_at AS "expiresAt"';

/** Sessions in PostgreSQL: one row each, in the transaction of the change. */
@Injectable()
export class PostgresSessions extends SessionsRepository {
  constructor(private readonly database: Database) {
    super();
  }

  /** The transaction must hold the user's row, so that parallel sign-ins see each other. */
  async open(
    session: NewSession,
    keep: number,
  ): Promise<{ session: LiveSession; ended: string[] }> {
    const opened = await this.insert(session);
    return { session: opened, ended: await this.endOldest(session.userId, session.id, keep) };
  }

  live(id: string): Promise<LiveSession | undefined> {
    return this.database.row(`SELECT ${liveColumns} FROM sessions WHERE id = $1 AND ${live}`, [id]);
  }

  liveOf(userId: string): Promise<Session[]> {
    return this.database.manager
      .createQueryBuilder(Session, 'session')
      .where('session.userId = :userId', { userId })
      .andWhere(live)
      .orderBy('session.createdAt', 'DESC')
      .limit(1_000)
      .getMany();
  }

  rotate(rotation: Rotation): Promise<LiveSession | undefined> {
    return this.database.row(
      `UPDATE sessions
       SET previous_hash = secret_hash, secret_hash = $3, successor_sealed = $4,
           generation = generation + 1, rotated_at = now(), last_used_at = now(), address = $6,
           idle_expires_at = least(now() + make_interval(secs => $5), expires_at)
       WHERE family_hash = $1 AND secret_hash = $2 AND ${live}
       RETURNING ${liveColumns}`,
      [
        rotation.familyHash,
        rotation.secretHash,
        rotation.newSecretHash,
        rotation.successorSealed,
        rotation.idleSeconds,
        rotation.address,
      ],
    );
  }

  byFamily(familyHash: Buffer, graceSeconds: number): Promise<RotatedSession | undefined> {
    return this.database.row(
      `SELECT ${liveColumns}, previous_hash AS "previousHash",
              successor_sealed AS "successorSealed",
              rotated_at > now() - make_interval(secs => $2) AS recent
       FROM sessions WHERE family_hash = $1 AND ${live}`,
      [familyHash, graceSeconds],
    );
  }

  async end(id: string, userId: string): Promise<boolean> {
    const row = await this.database.row(
      'DELETE FROM sessions WHERE id = $1 AND user_id = $2 RETURNING id',
      [id, userId],
    );
    return row !== undefined;
  }

  async endAllOf(userId: string): Promise<string[]> {
    const rows = await this.database.rows<{ id: string }>(
      'DELETE FROM sessions WHERE user_id = $1 RETURNING id',
      [userId],
    );
    return rows.map(({ id }) => id);
  }

  async deleteExpired(batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE idle_expires_at <= now()
         ORDER BY idle_expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [batch],
    );
    return rows.length;
  }

  private async insert(session: NewSession): Promise<LiveSession> {
    const row = await this.database.row<LiveSession>(
      `INSERT INTO sessions (id, user_id, family_hash, secret_hash, address, user_agent,
                             idle_expires_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6,
               now() + make_interval(secs => $7), now() + make_interval(secs => $8))
       RETURNING ${liveColumns}`,
      [
        session.id,
        session.userId,
        session.familyHash,
        session.secretHash,
        session.address,
        session.userAgent,
        session.idleSeconds,
        session.totalSeconds,
      ],
    );
    return row!;
  }

  private async endOldest(userId: string, opened: string, keep: number): Promise<string[]> {
    const rows = await this.database.rows<{ id: string }>(
      `DELETE FROM sessions WHERE id IN (
         SELECT id FROM sessions WHERE user_id = $1 AND id <> $3 AND ${live}
         ORDER BY created_at DESC, id DESC OFFSET $2)
       RETURNING id`,
      [userId, keep, opened],
    );
    return rows.map(({ id }) => id);
  }
}

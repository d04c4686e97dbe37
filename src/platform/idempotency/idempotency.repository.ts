import { Injectable } from '@nestjs/common';

import { Database } from '../database/database.js';

/** Whose key it is, and which, both as keyed hashes. */
export interface KeyPlace {
  scope: Buffer;
  keyHash: Buffer;
}

/** One try to do what a key stands for. */
export interface Attempt extends KeyPlace {
  holder: string;
}

export interface Found {
  fingerprint: Buffer;
  /** A transaction of the request has committed. */
  done: boolean;
  answer: Buffer | null;
  /** How long whoever works on it keeps it; 0 when nobody does any more. */
  leaseSeconds: number;
}

const place = 'scope = $1 AND key_hash = $2';
const mine = `${place} AND holder = $3`;

/** All SQL of idempotency keys. Times are the database's. */
@Injectable()
export class IdempotencyRepository {
  constructor(private readonly database: Database) {}

  /**
   * Takes a key that nobody has, that is over, or whose holder died with nothing done. Of many at
   * once one gets it.
   */
  async claim(
    attempt: Attempt,
    wanted: { userId: string | null; fingerprint: Buffer; leaseSeconds: number; keepHours: number },
  ): Promise<boolean> {
    const row = await this.database.row(
      `INSERT INTO idempotency_keys AS k
         (scope, key_hash, holder, user_id, fingerprint, leased_until, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + make_interval(hours => $7))
       ON CONFLICT (scope, key_hash) DO UPDATE SET
         holder = excluded.holder, fingerprint = excluded.fingerprint, done = false, answer = NULL,
         created_at = now(), leased_until = excluded.leased_until, expires_at = excluded.expires_at
       WHERE k.expires_at <= now() OR (NOT k.done AND k.leased_until <= now())
       RETURNING 1`,
      [
        ...valuesOf(attempt),
        wanted.userId,
        wanted.fingerprint,
        wanted.leaseSeconds,
        wanted.keepHours,
      ],
    );
    return row !== undefined;
  }

  /** What is there; null when nothing is, or nothing that counts. */
  async find({ scope, keyHash }: KeyPlace): Promise<Found | null> {
    const row = await this.database.row<Found>(
      `SELECT fingerprint, done, answer,
              greatest(0, ceil(extract(epoch FROM leased_until - now())))::int AS "leaseSeconds"
       FROM idempotency_keys
       WHERE ${place} AND expires_at > now() AND (done OR leased_until > now())`,
      [scope, keyHash],
    );
    return row ?? null;
  }

  /** Notes in the running transaction that it is done; false when somebody else has taken over. */
  async markDone(attempt: Attempt): Promise<boolean> {
    const row = await this.database.row(
      `UPDATE idempotency_keys SET done = true WHERE ${mine} RETURNING 1`,
      valuesOf(attempt),
    );
    return row !== undefined;
  }

  /** The work is over; without an answer only that it was done is known. */
  async finish(attempt: Attempt, answer: Buffer | null): Promise<void> {
    await this.database.rows(
      `UPDATE idempotency_keys SET done = true, answer = $4, leased_until = now() WHERE ${mine}`,
      [...valuesOf(attempt), answer],
    );
  }

  /** Gives the key back, unless something was done: then nobody tries again. */
  async release(attempt: Attempt): Promise<void> {
    await this.database.rows(
      `WITH undone AS (DELETE FROM idempotency_keys WHERE ${mine} AND NOT done)
       UPDATE idempotency_keys SET leased_until = now() WHERE ${mine} AND done`,
      valuesOf(attempt),
    );
  }

  /** Forgets all but the newest keys of one caller. */
  async keepNewest(scope: Buffer, most: number): Promise<void> {
    await this.database.rows(
      `DELETE FROM idempotency_keys WHERE scope = $1 AND leased_until <= now() AND created_at <
         (SELECT created_at FROM idempotency_keys WHERE scope = $1
          ORDER BY created_at DESC OFFSET $2 LIMIT 1)`,
      [scope, most - 1],
    );
  }

  /** Removes some of what is over; gives how many. */
  async deleteOver(batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM idempotency_keys WHERE (scope, key_hash) IN (
         SELECT scope, key_hash FROM idempotency_keys WHERE expires_at <= now()
         LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [batch],
    );
    return rows.length;
  }

  /** How many keys of a user are kept, and until when the last one. */
  async heldOf(userId: string): Promise<{ keys: number; until: Date | null }> {
    const row = await this.database.row<{ keys: number; until: Date | null }>(
      `SELECT count(*)::int AS keys, max(expires_at) AS until FROM idempotency_keys
       WHERE user_id = $1`,
      [userId],
    );
    return row!;
  }
}

function valuesOf({ scope, keyHash, holder }: Attempt): unknown[] {
  return [scope, keyHash, holder];
}

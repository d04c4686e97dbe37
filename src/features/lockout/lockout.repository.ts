import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { type Locks, memorySeconds, nameSchedule, networkSchedule } from './lockout.policy.js';

/** Where failures are counted that are not of one network. */
export const strangersPlace = Buffer.of(0);
export const knownPlace = Buffer.of(1);

/** What an attempt is counted under: keyed hashes of the name and of the network. */
export interface Counters {
  name: Buffer;
  network: Buffer;
}

export interface Found extends Locks {
  /** How many of the counters exist at all. */
  counted: number;
  /** Seconds since the user signed in from this device; null when that never was. */
  deviceAge: number | null;
  hasDevices: boolean;
}

/** Failed attempts, by name and place. Times are the database's, which all instances share. */
@Injectable()
export class LockoutRepository {
  constructor(private readonly database: Database) {}

  /** Everything that decides an attempt, in one statement: a good sign-in costs no other. */
  async find({ name, network }: Counters, userId: string | null, device: Buffer): Promise<Found> {
    const row = await this.database.row<Found>(
      `WITH counters AS (
         SELECT place,
                greatest(0, ceil(extract(epoch FROM locked_until - now())))::int AS seconds
         FROM failed_attempts WHERE name = $1 AND place IN ($2, $3, $4)),
       devices AS (
         SELECT device, extract(epoch FROM now() - last_seen_at)::int AS age
         FROM known_devices WHERE user_id = $5)
       SELECT coalesce(max(seconds) FILTER (WHERE place = $2), 0) AS network,
              coalesce(max(seconds) FILTER (WHERE place = $3), 0) AS strangers,
              coalesce(max(seconds) FILTER (WHERE place = $4), 0) AS known,
              count(*)::int AS counted,
              (SELECT age FROM devices WHERE device = $6) AS "deviceAge",
              EXISTS (SELECT FROM devices) AS "hasDevices"
       FROM counters`,
      [name, network, strangersPlace, knownPlace, userId, device],
    );
    return row!;
  }

  /**
   * Counts a failure in both places, unless one of them is locked by now: then it gives fewer
   * than two rows, and the caller must roll back. Of parallel failures each waits for the one
   * before, so that none is judged beyond what the schedules allow.
   */
  count(
    { name, network }: Counters,
    total: Buffer,
  ): Promise<{ ofNetwork: boolean; seconds: number }[]> {
    return this.database.rows(
      `INSERT INTO failed_attempts AS f (name, place, failures, last_failed_at, locked_until)
       SELECT $1::bytea, place, 1, now(), now() + make_interval(secs => waits[1])
       FROM (VALUES ($2::bytea, $4::int[]), ($3::bytea, $5::int[])) AS places (place, waits)
       ORDER BY place
       ON CONFLICT (name, place) DO UPDATE
       SET failures = CASE WHEN f.last_failed_at < now() - make_interval(secs => $6)
                           THEN 1 ELSE f.failures + 1 END,
           last_failed_at = now(),
           locked_until = now() + make_interval(secs =>
             (CASE WHEN f.place = $2 THEN $4::int[] ELSE $5::int[] END)[
               CASE WHEN f.last_failed_at < now() - make_interval(secs => $6) THEN 1
                    ELSE least(f.failures + 1,
                               cardinality(CASE WHEN f.place = $2 THEN $4::int[] ELSE $5::int[] END))
               END])
       WHERE f.locked_until <= now()
       RETURNING place = $2 AS "ofNetwork",
                 extract(epoch FROM locked_until - now())::int AS seconds`,
      [name, network, total, networkSchedule, nameSchedule, memorySeconds],
    );
  }

  /**
   * Forgets failures after a success, except where there is a lock by now: whether that concerns
   * the attempt, the caller asks anew. Waits for failures that are just being counted.
   */
  async clear({ name, network }: Counters, total: Buffer): Promise<void> {
    await this.database.rows(
      `DELETE FROM failed_attempts
       WHERE name = $1 AND place IN ($2, $3) AND locked_until <= now()`,
      [name, network, total],
    );
  }

  async clearNames(names: readonly Buffer[]): Promise<void> {
    await this.database.rows('DELETE FROM failed_attempts WHERE name = ANY($1)', [names]);
  }

  /** Removes what counts no more, some at a time; gives the number. */
  async deleteForgotten(batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM failed_attempts WHERE (name, place) IN (
         SELECT name, place FROM failed_attempts
         WHERE last_failed_at < now() - make_interval(secs => $2) AND locked_until <= now()
         LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [batch, memorySeconds],
    );
    return rows.length;
  }
}

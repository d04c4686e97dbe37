import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import type { UsageCount } from '../../platform/throttling/limit-usage.js';

export type UsageBy = 'policy' | 'route' | 'caller';

export interface UsageRange {
  from: Date;
  to: Date;
  by: UsageBy;
  /** Only what this policy counted. */
  policy: string | null;
}

export interface UsageTotal {
  name: string;
  allowed: number;
  refused: number;
}

export interface UsagePoint extends UsageTotal {
  at: Date;
}

/** Routes and callers are rows of their own. */
const columnOf = { policy: 'policy', route: 'route', caller: 'caller' } as const;
const rowsOf = { policy: `caller = ''`, route: `caller = ''`, caller: `route = ''` } as const;

/** All SQL about usage. */
@Injectable()
export class LimitUsageRepository {
  constructor(private readonly database: Database) {}

  /** In the order of the key, so that two instances wait for each other and never both. */
  async add(counts: readonly UsageCount[]): Promise<void> {
    const rows = counts.map(({ userId, ...count }) => ({ ...count, user_id: userId }));
    await this.database.rows(
      `INSERT INTO limit_usage AS u (bucket, policy, route, caller, user_id, allowed, refused)
       SELECT to_timestamp(bucket), policy, route, caller, user_id, allowed, refused
       FROM jsonb_to_recordset($1::jsonb) AS counted
         (bucket bigint, policy text, route text, caller text, user_id uuid,
          allowed bigint, refused bigint)
       WHERE user_id IS NULL OR EXISTS (SELECT FROM users WHERE users.id = counted.user_id)
       ORDER BY bucket, policy COLLATE "C", route COLLATE "C", caller COLLATE "C"
       ON CONFLICT (bucket, policy, route, caller) DO UPDATE
       SET allowed = u.allowed + excluded.allowed, refused = u.refused + excluded.refused`,
      [JSON.stringify(rows)],
    );
  }

  /** Those with most requests first. */
  totals({ from, to, by, policy }: UsageRange, limit: number): Promise<UsageTotal[]> {
    return this.database.rows(
      `SELECT ${columnOf[by]} AS name,
              sum(allowed)::float8 AS allowed, sum(refused)::float8 AS refused
       FROM limit_usage
       WHERE bucket >= $1 AND bucket < $2 AND ${rowsOf[by]} AND ($3::text IS NULL OR policy = $3)
       GROUP BY name ORDER BY sum(allowed + refused) DESC, name LIMIT $4`,
      [from, to, policy, limit],
    );
  }

  /** How it went, where there was anything; in the order of time. */
  series(
    { from, to, by, policy }: UsageRange,
    names: readonly string[],
    bucketSeconds: number,
  ): Promise<UsagePoint[]> {
    return this.database.rows(
      `SELECT ${columnOf[by]} AS name,
              date_bin(make_interval(secs => $5), bucket, to_timestamp(0)) AS at,
              sum(allowed)::float8 AS allowed, sum(refused)::float8 AS refused
       FROM limit_usage
       WHERE bucket >= $1 AND bucket < $2 AND ${rowsOf[by]} AND ($3::text IS NULL OR policy = $3)
         AND ${columnOf[by]} = ANY ($4)
       GROUP BY name, at ORDER BY at, name`,
      [from, to, policy, names, bucketSeconds],
    );
  }

  /** What is held on a user, in the order of time. */
  of(userId: string, after: Date | null, limit: number): Promise<{ hour: Date }[]> {
    return this.database.rows(
      `SELECT bucket AS hour, sum(allowed)::float8 AS allowed, sum(refused)::float8 AS refused
       FROM limit_usage WHERE user_id = $1 AND ($2::timestamptz IS NULL OR bucket > $2)
       GROUP BY bucket ORDER BY bucket LIMIT $3`,
      [userId, after, limit],
    );
  }

  /** Adds the minutes of the oldest hour before a time up; false when there is none. */
  async foldHour(before: Date): Promise<boolean> {
    const row = await this.database.row<{ folded: number }>(
      `WITH oldest AS (
         SELECT date_trunc('hour', min(bucket), 'UTC') AS hour FROM limit_usage
         WHERE bucket < date_trunc('hour', $1::timestamptz, 'UTC')
           AND bucket <> date_trunc('hour', bucket, 'UTC')),
       minutes AS (
         DELETE FROM limit_usage USING oldest
         WHERE bucket > hour AND bucket < hour + interval '1 hour'
         RETURNING hour, policy, route, caller, allowed, refused),
       folded AS (
         INSERT INTO limit_usage AS u (bucket, policy, route, caller, allowed, refused)
         SELECT hour, policy, route, caller, sum(allowed), sum(refused)
         FROM minutes GROUP BY hour, policy, route, caller
         ON CONFLICT (bucket, policy, route, caller) DO UPDATE
         SET allowed = u.allowed + excluded.allowed, refused = u.refused + excluded.refused)
       SELECT count(*)::int AS folded FROM minutes`,
      [before],
    );
    return row!.folded > 0;
  }

  /** Removes what is too old, some at a time; gives the number. */
  async deleteBefore(time: Date, batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM limit_usage WHERE (bucket, policy, route, caller) IN (
         SELECT bucket, policy, route, caller FROM limit_usage WHERE bucket < $1
         ORDER BY bucket LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [time, batch],
    );
    return rows.length;
  }
}

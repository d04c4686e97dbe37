import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { blockSchedule, memorySeconds } from '../../platform/throttling/block.policy.js';
import type { Imposed, KnownBlock } from '../../platform/throttling/blocks.js';
import type { SubjectKey } from './block.subject.js';

export interface Block extends SubjectKey {
  policy: string;
  times: number;
  blockedAt: Date;
  blockedUntil: Date;
}

/** Some time for transactions that commit after others that began later. */
const overlapSeconds = 15;
/** As many as an instance remembers. */
const mostKnown = 20_000;

const columns = `kind, id, policy, times, blocked_at AS "blockedAt", blocked_until AS "blockedUntil"`;

/** All SQL about blocks. Times are the database's, which all instances share. */
@Injectable()
export class BlocksRepository {
  constructor(private readonly database: Database) {}

  /**
   * Blocks all that are not blocked by now, each for the time after its last block; gives those. Of
   * two instances that block the same at once, one does. Who was erased meanwhile is left out.
   */
  impose(imposed: readonly Imposed[]): Promise<(Block & { seconds: number })[]> {
    const wanted = imposed.map(({ subject: { kind, id, userId }, policy }) => {
      return { kind, id, user_id: userId, policy };
    });
    const times = `CASE WHEN b.blocked_until > now() - make_interval(secs => $3)
                        THEN b.times + 1 ELSE 1 END`;
    return this.database.rows(
      `INSERT INTO limit_blocks AS b (kind, id, user_id, policy, times, blocked_until)
       SELECT DISTINCT ON (kind, id) kind, id, user_id, policy, 1,
              now() + make_interval(secs => ($2::int[])[1])
       FROM jsonb_to_recordset($1::jsonb) AS wanted (kind text, id text, user_id uuid, policy text)
       WHERE user_id IS NULL OR EXISTS (SELECT FROM users WHERE users.id = wanted.user_id)
       ORDER BY kind, id
       ON CONFLICT (kind, id) DO UPDATE
       SET policy = excluded.policy, times = ${times}, blocked_at = now(), changed_at = now(),
           blocked_until = now() + make_interval(secs =>
             ($2::int[])[least(cardinality($2::int[]), ${times})])
       WHERE b.blocked_until <= now()
       RETURNING ${columns}, extract(epoch FROM blocked_until - now())::int AS seconds`,
      [JSON.stringify(wanted), blockSchedule, memorySeconds],
    );
  }

  /**
   * What is remembered, or only what changed since.
   * @param since `changedAt` of the last one that is known
   */
  known(since: string | null): Promise<(KnownBlock & { changedAt: string })[]> {
    return this.database.rows(
      `SELECT kind, id, times, changed_at::text AS "changedAt",
              greatest(0, extract(epoch FROM blocked_until - clock_timestamp()))::float8 AS seconds,
              extract(epoch FROM blocked_until - clock_timestamp())::float8 + $2
                AS "rememberSeconds"
       FROM limit_blocks
       WHERE ($1::timestamptz IS NULL OR changed_at > $1::timestamptz - make_interval(secs => $3))
         AND blocked_until > now() - make_interval(secs => $2)
       ORDER BY changed_at DESC LIMIT $4`,
      [since, memorySeconds, overlapSeconds, mostKnown],
    );
  }

  /** Blocks that hold now, after one in the order of the list. */
  page(after: SubjectKey | undefined, limit: number): Promise<Block[]> {
    return this.database.rows(
      `SELECT ${columns} FROM limit_blocks
       WHERE blocked_until > now() AND ($1::text IS NULL OR (kind, id) > ($1, $2))
       ORDER BY kind, id LIMIT $3`,
      [after?.kind ?? null, after?.id ?? null, limit],
    );
  }

  find({ kind, id }: SubjectKey): Promise<Block | undefined> {
    return this.database.row(
      `SELECT ${columns} FROM limit_blocks WHERE kind = $1 AND id = $2 AND blocked_until > now()`,
      [kind, id],
    );
  }

  /** Ends a block and forgets those before it; false when there is none. */
  async lift({ kind, id }: SubjectKey): Promise<boolean> {
    const row = await this.database.row(
      `UPDATE limit_blocks SET blocked_until = now(), changed_at = now(), times = 0
       WHERE kind = $1 AND id = $2 AND blocked_until > now() RETURNING 1`,
      [kind, id],
    );
    return row !== undefined;
  }

  /** What is held on a user. */
  of(userId: string): Promise<object[]> {
    return this.database.rows(
      `SELECT kind, CASE WHEN kind = 'api-key' THEN id END AS "apiKeyId", policy, times,
              blocked_at AS "blockedAt", blocked_until AS "blockedUntil"
       FROM limit_blocks WHERE user_id = $1 ORDER BY blocked_at`,
      [userId],
    );
  }

  /** Removes what nobody needs to remember, some at a time; gives the number. */
  async deleteForgotten(batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM limit_blocks WHERE (kind, id) IN (
         SELECT kind, id FROM limit_blocks
         WHERE blocked_until < now() - make_interval(secs => $2)
         LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [batch, memorySeconds],
    );
    return rows.length;
  }
}

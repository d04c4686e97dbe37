import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import type { ListedSession } from './sessions.repository.js';

/** What the database knows of sessions in Redis: which of them were ended. */
@Injectable()
export class EndedSessions {
  constructor(private readonly database: Database) {}

  async add(sessions: readonly Pick<ListedSession, 'id' | 'expiresAt'>[]): Promise<void> {
    if (sessions.length === 0) return;
    await this.database.rows(
      `INSERT INTO ended_sessions (session_id, until)
       SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) ON CONFLICT DO NOTHING`,
      [sessions.map(({ id }) => id), sessions.map(({ expiresAt }) => expiresAt)],
    );
  }

  /** Those of the sessions that were ended. */
  async among(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.database.rows<{ id: string }>(
      'SELECT session_id AS id FROM ended_sessions WHERE session_id = ANY($1::uuid[])',
      [ids],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Removes sessions that would be over by now, some at a time; gives their number. */
  async deleteExpired(batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM ended_sessions WHERE session_id IN (
         SELECT session_id FROM ended_sessions WHERE until <= now()
         ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING session_id`,
      [batch],
    );
    return rows.length;
  }
}

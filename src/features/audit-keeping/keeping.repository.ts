import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

/** Events that must not be removed: what is null does not matter; the end is not included. */
export interface Hold {
  id: string;
  userId: string | null;
  category: string | null;
  from: Date | null;
  to: Date | null;
  reason: string;
  createdAt: Date;
}

/** All SQL about what is kept, as far as the service may do it: archives, prunings, holds. */
@Injectable()
export class KeepingRepository {
  constructor(private readonly database: Database) {}

  /** Archives follow each other without gaps: every entry before this one is in one. */
  async archivedEnd(): Promise<number> {
    const row = await this.database.row<{ end: string }>(
      'SELECT coalesce(max(end_index), 0) AS end FROM audit_archives',
    );
    return Number(row!.end);
  }

  async addArchive(first: number, end: number, manifestHash: Buffer): Promise<void> {
    await this.database.rows(
      'INSERT INTO audit_archives (first_index, end_index, manifest_hash) VALUES ($1, $2, $3)',
      [first, end, manifestHash],
    );
  }

  /** Ids of events at that time and later are not smaller. */
  async firstId(time: Date): Promise<string> {
    const row = await this.database.row<{ id: string }>('SELECT audit_first_id($1) AS id', [time]);
    return row!.id;
  }

  /** The newest event of an action that the running transaction has recorded. */
  async recorded(action: string): Promise<string> {
    const row = await this.database.row<{ id: string }>(
      `SELECT event_id AS id FROM audit_pending JOIN audit_events ON id = event_id
       WHERE action = $1 AND audit_pending.xmin::text = (pg_current_xact_id()::xid)::text
       ORDER BY id DESC LIMIT 1`,
      [action],
    );
    return row!.id;
  }

  async addPrunings(
    eventId: string,
    ranges: readonly (readonly [number, number])[],
  ): Promise<void> {
    await this.database.rows(
      `INSERT INTO audit_prunings (first_index, last_index, event_id)
       SELECT first, last, $1 FROM unnest($2::bigint[], $3::bigint[]) AS range (first, last)`,
      [eventId, ranges.map(([first]) => first), ranges.map(([, last]) => last)],
    );
  }

  async addHold({
    id,
    userId,
    category,
    from,
    to,
    reason,
  }: Omit<Hold, 'createdAt'>): Promise<void> {
    await this.database.rows(
      `INSERT INTO audit_holds (id, user_id, category, starts_at, ends_at, reason)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [id, userId, category, from, to, reason],
    );
  }

  holds(): Promise<Hold[]> {
    return this.database.rows<Hold>(
      `SELECT id, user_id AS "userId", category, starts_at AS "from", ends_at AS "to", reason,
              created_at AS "createdAt"
       FROM audit_holds ORDER BY created_at, id`,
    );
  }

  async removeHold(id: string): Promise<boolean> {
    const rows = await this.database.rows('DELETE FROM audit_holds WHERE id = $1 RETURNING id', [
      id,
    ]);
    return rows.length > 0;
  }
}

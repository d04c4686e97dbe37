import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

export interface NewEvent {
  id: string;
  leaf: string;
  leafHash: Buffer;
  address: string | null;
  /** Whose address it is. */
  subjectId: string | null;
}

export interface SubjectKeyRow {
  subjectId: string;
  /** Null: destroyed. */
  wrapped: Buffer | null;
}

/** All SQL for writing the trail, and for the keys of the people in it. */
@Injectable()
export class AuditRepository {
  constructor(private readonly database: Database) {}

  /**
   * One statement: the event, and its hash for the log to take up with what it is found by. None of
   * it waits for another writer.
   */
  async add({ id, leaf, leafHash, address, subjectId }: NewEvent): Promise<void> {
    await this.database.rows(
      `WITH event AS (INSERT INTO audit_events (id, leaf) VALUES ($1, $2))
       INSERT INTO audit_pending (event_id, leaf_hash, address, subject_id)
       VALUES ($1, $3, $4, $5)`,
      [id, leaf, leafHash, address, subjectId],
    );
  }

  /** The same for many. */
  async addAll(events: readonly NewEvent[]): Promise<void> {
    await this.database.rows(
      `WITH event AS (
         INSERT INTO audit_events (id, leaf) SELECT * FROM unnest($1::uuid[], $2::text[])
       )
       INSERT INTO audit_pending (event_id, leaf_hash, address, subject_id)
       SELECT * FROM unnest($1::uuid[], $3::bytea[], $4::inet[], $5::uuid[])`,
      [
        events.map(({ id }) => id),
        events.map(({ leaf }) => leaf),
        events.map(({ leafHash }) => leafHash),
        events.map(({ address }) => address),
        events.map(({ subjectId }) => subjectId),
      ],
    );
  }

  /** Adds those that nobody has added before, in one order for all, so that none wait in a ring. */
  async addKeys(keys: readonly { subjectId: string; wrapped: Buffer }[]): Promise<void> {
    const sorted = [...keys].sort((one, other) => (one.subjectId < other.subjectId ? -1 : 1));
    await this.database.rows(
      `INSERT INTO audit_subject_keys (subject_id, wrapped)
       SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING`,
      [sorted.map(({ subjectId }) => subjectId), sorted.map(({ wrapped }) => wrapped)],
    );
  }

  keys(subjectIds: readonly string[]): Promise<SubjectKeyRow[]> {
    return this.database.rows<SubjectKeyRow>(
      `SELECT subject_id AS "subjectId", wrapped FROM audit_subject_keys
       WHERE subject_id = ANY ($1::uuid[])`,
      [subjectIds],
    );
  }

  /** What was sealed for these people cannot be read from now on, nor found by address. */
  async destroyKeys(subjectIds: readonly string[]): Promise<void> {
    // That of the sequencer: one that runs now does not see this transaction, nor is seen by it.
    await this.database.lock('audit-sequencer');
    await this.database.rows(
      `INSERT INTO audit_subject_keys (subject_id, wrapped, destroyed_at)
       SELECT id, NULL, now() FROM unnest($1::uuid[]) AS id ORDER BY id
       ON CONFLICT (subject_id) DO UPDATE SET wrapped = NULL, destroyed_at = now()
       WHERE audit_subject_keys.destroyed_at IS NULL`,
      [subjectIds],
    );
    // Those that the log takes up only now are left out there.
    await this.database.rows('DELETE FROM audit_addresses WHERE subject_id = ANY ($1::uuid[])', [
      subjectIds,
    ]);
  }

  /** What a user did and what was done to them, in the order of time. */
  leavesAbout(
    userId: string,
    after: string | null,
    limit: number,
  ): Promise<{ id: string; leaf: string }[]> {
    return this.database.rows(
      `SELECT id, leaf FROM audit_events
       WHERE (actor_id = $1 OR target_id = $1::text) AND ($2::uuid IS NULL OR id > $2::uuid)
       ORDER BY id LIMIT $3`,
      [userId, after, limit],
    );
  }
}

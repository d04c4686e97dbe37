import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import type { Tile, TileId } from '../../platform/transparency-log/index.js';

export interface PendingEvent {
  eventId: string;
  leafHash: Buffer;
  address: string | null;
  /** Whose address it is. */
  subjectId: string | null;
}

export interface StoredKey {
  origin: string;
  seedSealed: Buffer;
}

export interface StoredEntry {
  index: number;
  eventId: string;
  /** Null: there is no such event (any more). */
  leaf: string | null;
  /** Removed by the operators' command, because its time was over. */
  pruned: boolean;
}

/** The locks of the log, by name. Erasing a person takes this one as well (`audit.repository.ts`). */
const sequencerLock = 'gatehouse:audit-sequencer';

/** All SQL of the log: what waits for it, its entries, tiles, checkpoints and key. */
@Injectable()
export class AuditLogRepository {
  constructor(private readonly database: Database) {}

  /** Until the running transaction ends. False when another instance has it. */
  async tryLock(): Promise<boolean> {
    const row = await this.database.row<{ locked: boolean }>(
      'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked',
      [sequencerLock],
    );
    return row!.locked;
  }

  /** Takes events that are committed and have no place in the log yet. */
  takePending(limit: number): Promise<PendingEvent[]> {
    return this.database.rows<PendingEvent>(
      `DELETE FROM audit_pending
       WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit_pending LIMIT $1))
       RETURNING event_id AS "eventId", leaf_hash AS "leafHash", address,
                 subject_id AS "subjectId"`,
      [limit],
    );
  }

  /** How many wait, and since when the first one does. */
  async pending(): Promise<{ events: number; oldest: string | null }> {
    const row = await this.database.row<{ events: number; oldest: string | null }>(
      'SELECT count(*)::int AS events, min(event_id::text) AS oldest FROM audit_pending',
    );
    return row!;
  }

  /** Their places in the log; and where they came from, of people who have not been erased. */
  async addEntries(firstIndex: number, events: readonly PendingEvent[]): Promise<void> {
    const ids = events.map(({ eventId }) => eventId);
    await this.database.rows(
      `INSERT INTO audit_entries (log_index, event_id)
       SELECT $1 + position - 1, id FROM unnest($2::uuid[]) WITH ORDINALITY AS event (id, position)`,
      [firstIndex, ids],
    );
    await this.database.rows(
      `INSERT INTO audit_addresses (event_id, address, subject_id)
       SELECT * FROM unnest($1::uuid[], $2::inet[], $3::uuid[]) AS origin (id, address, subject_id)
       WHERE address IS NOT NULL AND NOT EXISTS (
         SELECT FROM audit_subject_keys AS key
         WHERE key.subject_id = origin.subject_id AND destroyed_at IS NOT NULL)`,
      [ids, events.map(({ address }) => address), events.map(({ subjectId }) => subjectId)],
    );
  }

  async indexOf(eventId: string): Promise<number | null> {
    const row = await this.database.row<{ index: string }>(
      'SELECT log_index AS index FROM audit_entries WHERE event_id = $1',
      [eventId],
    );
    return row ? Number(row.index) : null;
  }

  readonly readTiles = async (ids: readonly TileId[]): Promise<Tile[]> => {
    const rows = await this.database.rows<{ level: number; index: string; hashes: Buffer }>(
      `SELECT level, index, hashes FROM audit_tiles
       JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (level, index) USING (level, index)`,
      [ids.map(({ level }) => level), ids.map(({ index }) => index)],
    );
    return rows.map((row) => ({ ...row, index: Number(row.index) }));
  };

  async saveTiles(tiles: readonly Tile[]): Promise<void> {
    await this.database.rows(
      `INSERT INTO audit_tiles (level, index, hashes)
       SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
       ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes`,
      [
        tiles.map(({ level }) => level),
        tiles.map(({ index }) => index),
        tiles.map(({ hashes }) => hashes),
      ],
    );
  }

  async newestCheckpoint(): Promise<string | null> {
    const row = await this.database.row<{ note: string }>(
      'SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1',
    );
    return row?.note ?? null;
  }

  /**
   * The newest checkpoint with the cosignatures of its witnesses; among those that have some, when
   * `cosigned`, and that hold the entry `index`.
   */
  async cosignedCheckpoint(index: number, cosigned: boolean): Promise<string | null> {
    const row = await this.database.row<{ note: string }>(
      `SELECT note || coalesce(lines, '') AS note
       FROM audit_checkpoints LEFT JOIN LATERAL (
         SELECT string_agg(line, '' ORDER BY witness) AS lines FROM audit_cosignatures
         WHERE audit_cosignatures.size = audit_checkpoints.size
       ) AS cosignatures ON true
       WHERE size > $1 ${cosigned ? 'AND size = (SELECT max(size) FROM audit_cosignatures)' : ''}
       ORDER BY size DESC LIMIT 1`,
      [index],
    );
    return row?.note ?? null;
  }

  async addCheckpoint(size: number, root: Buffer, note: string): Promise<void> {
    await this.database.rows(
      'INSERT INTO audit_checkpoints (size, root, note) VALUES ($1, $2, $3)',
      [size, root, note],
    );
  }

  /** The log has one key, and with it the name under which it was begun. */
  async key(): Promise<StoredKey | null> {
    const row = await this.database.row<StoredKey>(
      `SELECT origin, seed_sealed AS "seedSealed" FROM audit_log_keys
       ORDER BY created_at LIMIT 1`,
    );
    return row ?? null;
  }

  async addKey({ origin, seedSealed }: StoredKey, verifier: string): Promise<void> {
    await this.database.rows(
      'INSERT INTO audit_log_keys (origin, seed_sealed, verifier) VALUES ($1, $2, $3)',
      [origin, seedSealed, verifier],
    );
  }

  async leafOf(eventId: string): Promise<string | null> {
    const row = await this.database.row<{ leaf: string }>(
      'SELECT leaf FROM audit_events WHERE id = $1',
      [eventId],
    );
    return row?.leaf ?? null;
  }

  /** The partitions of this month and the next two. */
  async addMonths(): Promise<void> {
    await this.database.rows(
      'SELECT audit_add_month(now() + make_interval(months => n)) FROM generate_series(0, 2) AS n',
    );
  }

  /** Entries from `start` to `end`, without `end`. */
  async entries(start: number, end: number): Promise<StoredEntry[]> {
    // The events in the log say what was pruned; audit_prunings only says where to look.
    const rows = await this.database.rows<Omit<StoredEntry, 'index'> & { index: string }>(
      `WITH covered AS MATERIALIZED (
         SELECT first_index, last_index FROM audit_prunings
         JOIN audit_events AS pruning ON pruning.id = audit_prunings.event_id
         WHERE first_index < $2 AND last_index >= $1 AND action = 'audit.pruned'
           AND (leaf::jsonb #> '{payload,ranges}') ? (first_index || '-' || last_index)
           AND EXISTS (SELECT FROM audit_entries WHERE audit_entries.event_id = pruning.id)
       )
       SELECT log_index AS index, event_id AS "eventId", leaf,
              leaf IS NULL AND EXISTS (
                SELECT FROM covered WHERE log_index BETWEEN first_index AND last_index) AS pruned
       FROM audit_entries LEFT JOIN audit_events ON id = event_id
       WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index`,
      [start, end],
    );
    return rows.map((row) => ({ ...row, index: Number(row.index) }));
  }

  /** How many entries there are, by the entries themselves. */
  async size(): Promise<number> {
    const row = await this.database.row<{ size: string }>(
      'SELECT coalesce(max(log_index) + 1, 0) AS size FROM audit_entries',
    );
    return Number(row!.size);
  }

  /** Every checkpoint that is kept, smallest first. */
  async checkpoints(): Promise<string[]> {
    const rows = await this.database.rows<{ note: string }>(
      'SELECT note FROM audit_checkpoints ORDER BY size',
    );
    return rows.map(({ note }) => note);
  }

  /** An event that is neither in the log nor waiting for it, if any; and how many wait. */
  async unlogged(): Promise<{ unlogged: string | null; pending: number }> {
    const row = await this.database.row<{ unlogged: string | null; pending: number }>(
      `SELECT (SELECT id FROM audit_events
               WHERE NOT EXISTS (SELECT FROM audit_entries WHERE event_id = id)
                 AND NOT EXISTS (SELECT FROM audit_pending WHERE event_id = id)
               LIMIT 1) AS unlogged,
              (SELECT count(*)::int FROM audit_pending) AS pending`,
    );
    return row!;
  }

  /** Whether PostgreSQL itself still takes the columns that are searched out of the leaf. */
  async columnsAreDerived(): Promise<boolean> {
    const row = await this.database.row<{ derived: boolean }>(
      `SELECT bool_and(attgenerated = 's') AS derived FROM pg_attribute
       WHERE attrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit_events'::regclass
                          UNION SELECT 'audit_events'::regclass)
         AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('id', 'leaf')`,
    );
    return row!.derived;
  }
}

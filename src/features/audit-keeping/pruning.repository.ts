import type { OwnerConnection } from '../../platform/database/index.js';

export interface Removable {
  id: string;
  index: number;
}

export interface Ages {
  /** Days that events are kept, unless their category says otherwise. */
  days: number;
  byCategory: ReadonlyMap<string, number>;
  /** Entries before this one may go; those after it are not in an archive. */
  endIndex: number;
}

const notHeld = `NOT EXISTS (
  SELECT FROM audit_holds AS hold
  WHERE (hold.user_id IS NULL OR hold.user_id = event.actor_id
         OR hold.user_id::text = event.target_id)
    AND (hold.category IS NULL OR hold.category = event.leaf::jsonb ->> 'category')
    AND (hold.starts_at IS NULL OR event.id >= audit_first_id(hold.starts_at))
    AND (hold.ends_at IS NULL OR event.id < audit_first_id(hold.ends_at)))`;

/** What says which entries were removed, and where they are, is never removed. */
const kept = `('audit.pruned', 'audit.archived')`;

/** All SQL that removes events. The service's own role may not. */
export class PruningRepository {
  constructor(private readonly owner: OwnerConnection) {}

  /** Events whose time is over, that are archived and that no hold speaks of; in order of time. */
  async removable(after: string | null, limit: number, ages: Ages): Promise<Removable[]> {
    const { days, byCategory, endIndex } = ages;
    const least = Math.min(days, ...byCategory.values());
    const rows = await this.owner.rows<{ id: string; index: string }>(
      `SELECT event.id, log_index AS index
       FROM audit_events AS event JOIN audit_entries ON event_id = event.id
       WHERE event.id < audit_first_id(now() - make_interval(days => $1))
         AND ($2::uuid IS NULL OR event.id > $2) AND log_index < $3
         AND action NOT IN ${kept}
         AND event.id < audit_first_id(now() - make_interval(
           days => coalesce(($4::jsonb ->> (leaf::jsonb ->> 'category'))::int, $5)))
         AND ${notHeld}
       ORDER BY event.id LIMIT $6`,
      [least, after, endIndex, JSON.stringify(Object.fromEntries(byCategory)), days, limit],
    );
    return rows.map(({ id, index }) => ({ id, index: Number(index) }));
  }

  /** Those that nobody has put under a hold meanwhile. */
  remove(ids: readonly string[]): Promise<number> {
    return this.owner.transaction(async () => {
      await this.owner.rows(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [
        'gatehouse:audit-holds',
      ]);
      await this.owner.rows(`SET LOCAL gatehouse.audit_prune = 'on'`);
      const gone = await this.owner.rows(
        `DELETE FROM audit_events AS event WHERE id = ANY ($1::uuid[]) AND ${notHeld} RETURNING id`,
        [ids],
      );
      return gone.length;
    });
  }

  /** Where removed events came from. */
  async removeAddresses(): Promise<void> {
    await this.owner.rows(
      'DELETE FROM audit_addresses WHERE NOT EXISTS (SELECT FROM audit_events WHERE id = event_id)',
    );
  }

  /** Partitions of months that are over for everybody, by name. */
  async oldMonths({ days, byCategory }: Ages): Promise<string[]> {
    const rows = await this.owner.rows<{ name: string }>(
      `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       WHERE inhparent = 'audit_events'::regclass AND relname ~ '^audit_events_\\d{4}_\\d{2}$'
         AND to_date(right(relname, 7), 'YYYY_MM') + interval '1 month'
             <= now() - make_interval(days => $1)
       ORDER BY relname`,
      [Math.min(days, ...byCategory.values())],
    );
    return rows.map(({ name }) => name);
  }

  /** @param name one of {@link oldMonths}; false when it holds events, or is in use just now */
  async dropIfEmpty(name: string): Promise<boolean> {
    try {
      return await this.owner.transaction(async () => {
        await this.owner.rows(`SET LOCAL lock_timeout = '500ms'`); // writers wait no longer than that
        await this.owner.rows('LOCK TABLE ONLY audit_events IN ACCESS EXCLUSIVE MODE');
        await this.owner.rows(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
        const left = await this.owner.rows(`SELECT FROM ${name} LIMIT 1`);
        if (left.length === 0) await this.owner.rows(`DROP TABLE ${name}`);
        return left.length === 0;
      });
    } catch (error) {
      if ((error as { code?: string }).code === '55P03') return false; // lock_not_available
      throw error;
    }
  }
}

import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

/** Ids from the first of a day to the first of the next, which is not in it. */
export interface Span {
  start: string;
  end: string;
}

export interface Counted {
  name: string;
  events: number;
}

export interface NewSignIn {
  eventId: string;
  userId: string;
  address: string;
}

export interface Grant {
  eventId: string;
  action: string;
  userId: string | null;
}

const mostRows = 50;

/** All SQL of the summary. Each statement touches the events of its day only, by an index. */
@Injectable()
export class AuditSummaryRepository {
  constructor(private readonly database: Database) {}

  async counts(actions: readonly string[], { start, end }: Span): Promise<Map<string, number>> {
    const rows = await this.database.rows<Counted>(
      `SELECT action AS name, count(*)::int AS events FROM audit_events
       WHERE action = ANY ($1) AND id >= $2 AND id < $3 GROUP BY action`,
      [actions, start, end],
    );
    return new Map(rows.map(({ name, events }) => [name, events]));
  }

  async newAddresses({ start, end }: Span): Promise<number> {
    const row = await this.database.row<{ count: number }>(
      `SELECT count(*)::int AS count
       FROM (SELECT DISTINCT address FROM audit_addresses WHERE event_id >= $1 AND event_id < $2)
         AS today
       WHERE NOT EXISTS (SELECT FROM audit_addresses AS older
                         WHERE older.address = today.address AND older.event_id < $1)`,
      [start, end],
    );
    return row!.count;
  }

  /** One look into the index for each key, and its events of the day. */
  keyUse({ start, end }: Span): Promise<Counted[]> {
    return this.database.rows(
      `WITH RECURSIVE keys (id) AS (
         (SELECT api_key_id FROM audit_events WHERE api_key_id IS NOT NULL
          ORDER BY api_key_id LIMIT 1)
         UNION ALL
         SELECT (SELECT api_key_id FROM audit_events WHERE api_key_id > keys.id
                 ORDER BY api_key_id LIMIT 1)
         FROM keys WHERE keys.id IS NOT NULL
       )
       SELECT keys.id AS name, events FROM keys CROSS JOIN LATERAL (
         SELECT count(*)::int AS events FROM audit_events
         WHERE api_key_id = keys.id AND audit_events.id >= $1 AND audit_events.id < $2) AS used
       WHERE events > 0 ORDER BY events DESC, keys.id LIMIT ${mostRows}`,
      [start, end],
    );
  }

  /** Callers whom these actions speak of more than `more` times. */
  callersOf(actions: readonly string[], { start, end }: Span, more: number): Promise<Counted[]> {
    return this.database.rows(
      `SELECT actor_id AS name, count(*)::int AS events FROM audit_events
       WHERE action = ANY ($1) AND id >= $2 AND id < $3 AND actor_id IS NOT NULL
       GROUP BY actor_id HAVING count(*) > $4 ORDER BY 2 DESC, 1 LIMIT ${mostRows}`,
      [actions, start, end, more],
    );
  }

  addressesOf(actions: readonly string[], { start, end }: Span, more: number): Promise<Counted[]> {
    return this.database.rows(
      `SELECT host(address) AS name, count(*)::int AS events
       FROM audit_events JOIN audit_addresses ON event_id = id
       WHERE action = ANY ($1) AND id >= $2 AND id < $3 AND event_id >= $2 AND event_id < $3
       GROUP BY address HAVING count(*) > $4 ORDER BY 2 DESC, 1 LIMIT ${mostRows}`,
      [actions, start, end, more],
    );
  }

  /** The first sign-in of each of these users from each address that was never seen before. */
  signInsFromNewAddresses(users: readonly string[], { start, end }: Span): Promise<NewSignIn[]> {
    return this.database.rows(
      `SELECT DISTINCT ON (actor_id, address)
              id AS "eventId", actor_id AS "userId", host(address) AS address
       FROM audit_events JOIN audit_addresses ON event_id = id
       WHERE action = 'auth.signed_in' AND actor_id = ANY ($1::uuid[])
         AND id >= $2 AND id < $3 AND event_id >= $2 AND event_id < $3
         AND NOT EXISTS (SELECT FROM audit_addresses AS older
                         WHERE older.address = audit_addresses.address AND older.event_id < $2)
       ORDER BY actor_id, address, id LIMIT ${mostRows}`,
      [users, start, end],
    );
  }

  /** Where somebody got this role: given to a user, or with a new account. */
  grantsOf(role: string, { start, end }: Span): Promise<Grant[]> {
    return this.database.rows(
      `SELECT id AS "eventId", action, target_id AS "userId"
       FROM audit_events CROSS JOIN LATERAL (SELECT leaf::jsonb -> 'payload' AS payload) AS read
       WHERE action IN ('users.roles_changed', 'users.created', 'users.imported')
         AND id >= $2 AND id < $3 AND coalesce(payload -> 'after', payload -> 'roles') ? $1
         AND NOT coalesce(payload -> 'before' ? $1, false)
       ORDER BY id LIMIT ${mostRows}`,
      [role, start, end],
    );
  }
}

import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';

interface EventRow {
  id: string;
  /** As PostgreSQL writes it, to the microsecond. */
  position: string;
}

const pageSize = 500;

/** What a user did, and what was done to them; not from where others did it. */
@Injectable()
@HoldsPersonalData({ section: 'auditEvents', tables: ['audit_events'] })
export class AuditPersonalData implements PersonalDataHolder {
  constructor(private readonly database: Database) {}

  async *personalDataOf(userId: string): AsyncGenerator<object[]> {
    let after: EventRow | undefined;
    for (;;) {
      const page: EventRow[] = await this.page(userId, after);
      if (page.length > 0) yield page.map(({ position: _, ...event }) => event);
      if (page.length < pageSize) return;
      after = page.at(-1);
    }
  }

  private page(userId: string, after: EventRow | undefined): Promise<EventRow[]> {
    return this.database.rows<EventRow>(
      `SELECT id, occurred_at AS "occurredAt", occurred_at::text AS position, action, outcome,
              actor_id IS NOT DISTINCT FROM $1::uuid AS "byYou",
              CASE WHEN actor_id = $1 THEN api_key_id END AS "apiKeyId",
              target_kind AS "targetKind", target_id AS "targetId", payload,
              CASE WHEN actor_id = $1 THEN address END AS address,
              CASE WHEN actor_id = $1 THEN user_agent END AS "userAgent"
       FROM audit_events
       WHERE (actor_id = $1 OR target_id = $1::text)
         AND ($2::timestamptz IS NULL OR (occurred_at, id) > ($2::timestamptz, $3::uuid))
       ORDER BY occurred_at, id LIMIT $4`,
      [userId, after?.position ?? null, after?.id ?? null, pageSize],
    );
  }
}

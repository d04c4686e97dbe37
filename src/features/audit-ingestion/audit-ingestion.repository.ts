import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import type { AuditSourceView } from './audit-ingestion.view.js';

export interface ExternalId {
  source: string;
  externalId: string;
}

export interface Ingested extends ExternalId {
  eventId: string;
}

/** All SQL of ingestion: which events have been taken, and the sources. */
@Injectable()
export class AuditIngestionRepository {
  constructor(private readonly database: Database) {}

  /**
   * Notes ids of a sender down that were not noted before, and says which these are. In one order for all, so
   * that none wait in a ring; who comes second waits until the first has committed.
   */
  async claim(senderId: string, events: readonly Ingested[]): Promise<Set<string>> {
    const rows = await this.database.rows<{ eventId: string }>(
      `INSERT INTO audit_ingested (sender_id, source, external_id, event_id)
       SELECT $4::uuid, source, id, event_id
       FROM unnest($1::text[], $2::text[], $3::uuid[]) AS new (source, id, event_id)
       ORDER BY source COLLATE "C", id COLLATE "C", event_id
       ON CONFLICT DO NOTHING RETURNING event_id AS "eventId"`,
      [
        events.map(({ source }) => source),
        events.map(({ externalId }) => externalId),
        events.map(({ eventId }) => eventId),
        senderId,
      ],
    );
    return new Set(rows.map(({ eventId }) => eventId));
  }

  find(senderId: string, ids: readonly ExternalId[]): Promise<Ingested[]> {
    return this.database.rows<Ingested>(
      `SELECT source, external_id AS "externalId", event_id AS "eventId" FROM audit_ingested
       JOIN unnest($1::text[], $2::text[]) AS wanted (source, external_id)
         USING (source, external_id)
       WHERE sender_id = $3`,
      [ids.map(({ source }) => source), ids.map(({ externalId }) => externalId), senderId],
    );
  }

  sources(names: readonly string[] | null): Promise<AuditSourceView[]> {
    return this.database.rows<AuditSourceView>(
      `SELECT name, schema, updated_at AS "updatedAt" FROM audit_sources
       WHERE $1::text[] IS NULL OR name = ANY ($1) ORDER BY name LIMIT 1000`,
      [names],
    );
  }

  /** True when it is new. */
  async saveSource(name: string, schema: object): Promise<boolean> {
    const row = await this.database.row<{ created: boolean }>(
      `INSERT INTO audit_sources (name, schema) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET schema = excluded.schema, updated_at = now()
       RETURNING xmax = 0 AS created`,
      [name, JSON.stringify(schema)],
    );
    return row!.created;
  }

  async deleteSource(name: string): Promise<boolean> {
    const row = await this.database.row(
      'DELETE FROM audit_sources WHERE name = $1 RETURNING name',
      [name],
    );
    return row !== undefined;
  }
}

import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { type EventSearch, type Page, searchStatement } from './search.query.js';

export interface FoundEvent {
  id: string;
  leaf: string;
  /** Null: not in the log yet. */
  leafIdx: number | null;
}

type Row = Omit<FoundEvent, 'leafIdx'> & { leafIdx: string | null };

/** All SQL that searches the trail. */
@Injectable()
export class AuditSearchRepository {
  constructor(private readonly database: Database) {}

  async find(search: EventSearch, page: Page): Promise<FoundEvent[]> {
    const { sql, parameters } = searchStatement(search, page);
    return (await this.database.rows<Row>(sql, parameters)).map(found);
  }

  async byId(id: string): Promise<FoundEvent | null> {
    const row = await this.database.row<Row>(
      `SELECT id, leaf, log_index AS "leafIdx" FROM audit_events
       LEFT JOIN audit_entries ON event_id = id WHERE id = $1`,
      [id],
    );
    return row ? found(row) : null;
  }
}

function found({ leafIdx, ...row }: Row): FoundEvent {
  return { ...row, leafIdx: leafIdx === null ? null : Number(leafIdx) };
}

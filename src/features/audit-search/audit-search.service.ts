import { Injectable } from '@nestjs/common';

import { AppError } from '../../platform/errors/app-error.js';
import { AuditReader, AuditService } from '../audit/index.js';
import { AuditEventListView, AuditEventView, TimelineEntryView } from './audit-event.view.js';
import type { TimelineView } from './audit-event.view.js';
import type { ReadTimeline, SearchEvents } from './audit-search.dto.js';
import { AuditSearchRepository } from './audit-search.repository.js';
import { filtersOf, searchOf } from './filters.js';
import type { EventSearch, Page } from './search.query.js';

const usualItems = 20;

/** Finds what has happened. Whoever looks is seen themselves: every search is an event. */
@Injectable()
export class AuditSearchService {
  constructor(
    private readonly repository: AuditSearchRepository,
    private readonly reader: AuditReader,
    private readonly audit: AuditService,
  ) {}

  async search(request: SearchEvents): Promise<AuditEventListView> {
    const { limit = usualItems, cursor, ...filters } = request;
    const page = { order: 'newest first', after: cursor, limit } as const;
    return this.page('events', searchOf(filters), page);
  }

  /** @throws AppError `audit.event_not_found` */
  async read(eventId: string): Promise<AuditEventView> {
    const found = await this.repository.byId(eventId);
    if (!found) throw new AppError('audit.event_not_found');
    const [event] = await this.reader.read([found.leaf]);
    await this.audit.record('audit.read', { eventId });
    return AuditEventView.of(event!, found.leafIdx);
  }

  /** Oldest first, as it happened. */
  async timeline(
    of: Pick<EventSearch, 'about' | 'ip' | 'requestId'>,
    { from, to, limit = usualItems, cursor }: ReadTimeline,
  ): Promise<TimelineView> {
    const search = { ...of, ...searchOf({ ip: of.ip, from, to }, '/path/address') };
    const page = { order: 'oldest first', after: cursor, limit } as const;
    const { items, nextCursor } = await this.page('timeline', search, page);
    return { items: items.map(TimelineEntryView.told), nextCursor };
  }

  private async page(view: string, search: EventSearch, page: Page): Promise<AuditEventListView> {
    const found = await this.repository.find(search, { ...page, limit: page.limit + 1 });
    const rows = found.slice(0, page.limit);
    const events = await this.reader.read(rows.map(({ leaf }) => leaf));
    const filters = filtersOf(search);
    await this.audit.record('audit.searched', { view, filters, results: rows.length });
    return {
      items: events.map((event, i) => AuditEventView.of(event, rows[i]!.leafIdx)),
      nextCursor: found.length > page.limit ? rows.at(-1)!.id : null,
    };
  }
}

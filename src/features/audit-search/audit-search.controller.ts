import { applyDecorators, Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { Deadline } from '../../platform/http/deadline.js';
import { UuidParam } from '../../platform/http/params.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { AuditEventListView, AuditEventView } from './audit-event.view.js';
import { AuditExportService } from './audit-export.service.js';
import { AuditFile } from './audit-file.js';
import { ExportEvents, SearchEvents } from './audit-search.dto.js';
import { AuditSearchService } from './audit-search.service.js';

const schema = { type: 'string', format: 'binary', maxLength: Number.MAX_SAFE_INTEGER } as const;

const AnswersFile = (): MethodDecorator =>
  applyDecorators(
    Deadline('slow'),
    Limit('export'),
    ApiOkResponse({ content: { 'application/x-ndjson': { schema }, 'text/csv': { schema } } }),
  );

@Controller('audit')
@Access('audit.read')
export class AuditSearchController {
  constructor(
    private readonly events: AuditSearchService,
    private readonly exports: AuditExportService,
  ) {}

  /** Search the audit trail, newest first. The search itself becomes an event. */
  @Get('events')
  search(@Query() request: SearchEvents): Promise<AuditEventListView> {
    return this.events.search(request);
  }

  /**
   * Read one event. That becomes an event as well.
   * @throws {404} audit.event_not_found
   */
  @Get('events/:id')
  read(@Param('id', UuidParam) id: string): Promise<AuditEventView> {
    return this.events.read(id);
  }

  /**
   * Download the log, or the events that filters leave of it, up to the newest checkpoint. Each line
   * of NDJSON holds the entry as it was hashed and the event as it reads; the last line holds the
   * checkpoint, and a file without it is not complete. The whole log verifies by itself, filtered
   * entries by the proof they come with: `audit verify --export` does either.
   */
  @Get('export')
  @AnswersFile()
  export(@Query() request: ExportEvents): Promise<AuditFile> {
    return this.exports.export(request);
  }
}

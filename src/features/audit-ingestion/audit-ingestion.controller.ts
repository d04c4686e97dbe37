import { Body, Controller, HttpCode, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { IngestEvents } from './audit-ingestion.dto.js';
import { AuditIngestionService } from './audit-ingestion.service.js';
import { IngestedListView } from './audit-ingestion.view.js';

@Controller('audit/events')
export class AuditIngestionController {
  constructor(private readonly ingestion: AuditIngestionService) {}

  /**
   * Write what happened in another service into the audit trail. Send it again when no answer comes:
   * an event that is there already is not written twice.
   */
  @Post()
  @HttpCode(200)
  @Access('audit.write')
  @Limit('ingestion')
  ingest(@Body() { events }: IngestEvents): Promise<IngestedListView> {
    return this.ingestion.ingest(events);
  }
}

import { Module } from '@nestjs/common';

import { AuditLogModule } from '../audit-log/index.js';
import { AuditExportService } from './audit-export.service.js';
import { AuditSearchController } from './audit-search.controller.js';
import { AuditSearchRepository } from './audit-search.repository.js';
import { AuditSearchService } from './audit-search.service.js';
import { TimelinesController } from './timelines.controller.js';

@Module({
  imports: [AuditLogModule],
  controllers: [AuditSearchController, TimelinesController],
  providers: [AuditSearchService, AuditExportService, AuditSearchRepository],
})
export class AuditSearchModule {}

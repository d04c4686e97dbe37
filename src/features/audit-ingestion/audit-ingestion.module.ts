import { Module } from '@nestjs/common';

import { AuditIngestionController } from './audit-ingestion.controller.js';
import { AuditIngestionRepository } from './audit-ingestion.repository.js';
import { AuditIngestionService } from './audit-ingestion.service.js';
import { AuditSourcesController } from './audit-sources.controller.js';
import { AuditSourcesService } from './audit-sources.service.js';

@Module({
  controllers: [AuditIngestionController, AuditSourcesController],
  providers: [AuditIngestionService, AuditSourcesService, AuditIngestionRepository],
})
export class AuditIngestionModule {}

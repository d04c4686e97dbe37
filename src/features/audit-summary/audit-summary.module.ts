import { Module } from '@nestjs/common';

import { UsersModule } from '../users/index.js';
import { AuditSummaryController } from './audit-summary.controller.js';
import { AuditSummaryRepository } from './audit-summary.repository.js';
import { AuditSummaryService } from './audit-summary.service.js';

@Module({
  imports: [UsersModule],
  controllers: [AuditSummaryController],
  providers: [AuditSummaryService, AuditSummaryRepository],
})
export class AuditSummaryModule {}

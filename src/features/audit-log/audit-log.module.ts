import { Module } from '@nestjs/common';

import { AuditLogController } from './audit-log.controller.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { AuditLogService } from './audit-log.service.js';
import { AuditVerifier } from './audit-verifier.js';
import { LogKey } from './log-key.service.js';
import { LogSnapshots } from './log-snapshots.service.js';
import { Sequencer } from './sequencer.js';

@Module({
  controllers: [AuditLogController],
  providers: [AuditLogRepository, LogKey, Sequencer, AuditLogService, AuditVerifier, LogSnapshots],
  exports: [AuditLogRepository, AuditLogService, AuditVerifier, LogKey, LogSnapshots, Sequencer],
})
export class AuditLogModule {}

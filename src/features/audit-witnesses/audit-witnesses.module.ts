import { Module } from '@nestjs/common';

import { AuditLogModule } from '../audit-log/index.js';
import { HealthModule } from '../health/index.js';
import { CheckpointPublisher } from './checkpoint-publisher.js';
import { CosignaturesRepository } from './cosignatures.repository.js';
import { Witnesses } from './witnesses.js';

@Module({
  imports: [AuditLogModule, HealthModule],
  providers: [CosignaturesRepository, Witnesses, CheckpointPublisher],
  exports: [CheckpointPublisher],
})
export class AuditWitnessesModule {}

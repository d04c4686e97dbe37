import { Module } from '@nestjs/common';

import { AuditLogModule } from '../audit-log/index.js';
import { Archiver } from './archiver.service.js';
import { HoldsService } from './holds.service.js';
import { KeepingRepository } from './keeping.repository.js';
import { Pruner } from './pruner.service.js';

/** Retention: operators archive, prune and hold; nothing of it happens by itself. */
@Module({
  imports: [AuditLogModule],
  providers: [KeepingRepository, Archiver, Pruner, HoldsService],
  exports: [Archiver, Pruner, HoldsService],
})
export class AuditKeepingModule {}

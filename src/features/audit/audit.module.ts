import { Global, Injectable, Module } from '@nestjs/common';

import { DenialRecorder } from '../../platform/access/index.js';
import { AuditPersonalData } from './audit.personal-data.js';
import { AuditReader } from './audit.reader.js';
import { AuditRepository } from './audit.repository.js';
import { AuditService } from './audit.service.js';
import { SubjectKeys } from './subject-keys.js';

@Injectable()
class AuditedDenials extends DenialRecorder {
  constructor(private readonly audit: AuditService) {
    super();
  }

  denied(permission: string, method: string, route: string): Promise<void> {
    return this.audit.recordFailure('access.denied', { permission, method, route });
  }
}

/** Global, because every feature records events. */
@Global()
@Module({
  providers: [
    AuditRepository,
    SubjectKeys,
    AuditService,
    AuditReader,
    AuditPersonalData,
    { provide: DenialRecorder, useClass: AuditedDenials },
  ],
  exports: [AuditService, AuditReader, DenialRecorder],
})
export class AuditModule {}

export { AuditLogRepository, type StoredEntry } from './audit-log.repository.js';
export { AuditLogModule } from './audit-log.module.js';
export { AuditLogService } from './audit-log.service.js';
export { AuditFinding, AuditVerifier, type Verified } from './audit-verifier.js';
export { LogKey } from './log-key.service.js';
export { BrokenLogError, Sequencer } from './sequencer.js';
export { type ExportedEntry, verifyExport } from './export-verifier.js';
export { type LogSnapshot, LogSnapshots } from './log-snapshots.service.js';

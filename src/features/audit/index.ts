export { type AuditEvent, type ReadEvent, timeOf } from './audit-leaf.js';
export { AuditModule } from './audit.module.js';
export { AuditReader } from './audit.reader.js';
export { type AuditDetails, AuditService, type ExternalEvent } from './audit.service.js';

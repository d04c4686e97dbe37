export { AuditModule } from './audit.module.js';
export { type AuditDetails, AuditService } from './audit.service.js';

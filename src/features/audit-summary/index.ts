export { AuditSummaryModule } from './audit-summary.module.js';

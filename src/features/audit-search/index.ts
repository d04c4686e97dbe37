export { AuditSearchModule } from './audit-search.module.js';

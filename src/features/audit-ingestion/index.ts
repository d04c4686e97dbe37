export { AuditIngestionModule } from './audit-ingestion.module.js';

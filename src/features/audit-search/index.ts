export { AuditSearchModule } from './audit-search.module.js';
export { firstIdOf } from './search.query.js';

export { ArchiveError } from './archive-error.js';
export { Archiver } from './archiver.service.js';
export { AuditKeepingModule } from './audit-keeping.module.js';
export { HoldsService } from './holds.service.js';
export { Pruner } from './pruner.service.js';

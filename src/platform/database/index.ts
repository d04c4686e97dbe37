export { Database } from './database.js';
export { DatabaseVitals } from './database-vitals.js';
export { DatabaseConnection, DatabaseModule } from './database.module.js';
export { isConnectionFailure, violates } from './database-error.js';
export {
  migrate,
  migrationStatus,
  revertLast,
  serviceRole,
  usableServiceRole,
} from './migrations.js';
export { locateDatabase, openDatabase, type OpenedDatabase } from './open-database.js';
export { DataDirInUseError, EmbeddedPostgresError } from './embedded/index.js';
export { OwnerConnection } from './owner-connection.js';

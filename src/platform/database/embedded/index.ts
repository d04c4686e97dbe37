export type { ConnectionUrls } from './connection.js';
export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { DataDirInUseError, EmbeddedPostgresError } from './errors.js';
export type { PostgresCrash } from './supervisor.js';

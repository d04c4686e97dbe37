/** A failure of the embedded PostgreSQL. Its first line says what is wrong and what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = 'EmbeddedPostgresError';
}

/** Another live process serves from the same DATA_DIR; two would spoil each other's files. */
export class DataDirInUseError extends EmbeddedPostgresError {
  override readonly name = 'DataDirInUseError';
  readonly dataDir: string;
  /** Process id of the holder; undefined when it did not answer in time. */
  readonly pid: number | undefined;

  constructor(dataDir: string, pid: number | undefined) {
    const holder = pid === undefined ? 'another process' : `process ${pid}`;
    super(
      `DATA_DIR ${dataDir} is in use by ${holder}: ` +
        'stop that process, or set DATA_DIR to another directory',
    );
    this.dataDir = dataDir;
    this.pid = pid;
  }
}

/**
 * The `code` of a system error (`ENOENT`) or of a PostgreSQL error (SQLSTATE), if it has one.
 * Looks at the shape only: errors of another realm (test sandboxes) fail `instanceof`.
 */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything thrown. */
export function errorMessage(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) {
    return String(error.message);
  }
  return String(error);
}

import type { ErrorCode } from '../../catalogue/errors.js';

/** SQLSTATEs (PostgreSQL appendix A) and classes that mean something to a client. */
const byState: Record<string, ErrorCode> = {
  '25006': 'database.read_only',
  '25P03': 'database.unavailable', // idle_in_transaction_session_timeout: the server hung up
  '53100': 'database.full',
  '57014': 'database.unavailable', // statement_timeout
  '55P03': 'database.unavailable', // lock_timeout
  '40001': 'resource.conflict',
  '40P01': 'resource.conflict',
  '23505': 'resource.conflict',
  '23503': 'resource.conflict',
};
const byClass: Record<string, ErrorCode> = {
  '08': 'database.unavailable', // connection exception
  '53': 'database.unavailable', // out of connections or memory
  '57': 'database.unavailable', // shutting down, starting up, crashed
  '28': 'database.unavailable', // our credentials are refused: an operator's problem
  '3D': 'database.unavailable',
};

const networkCodes = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ETIMEDOUT',
]);
/** pg and TypeORM give these without a code. */
const driverMessages = new RegExp(
  [
    '^Query read timeout',
    '^timeout exceeded when trying to connect',
    '^Connection terminated',
    '^Client has encountered a connection error',
    '^Client was closed',
    '^Cannot use a pool after',
    '^Driver not Connected',
    // TypeORM, when the connection broke between two statements of a transaction
    '^Query runner already released',
    '^Database connection provided by a query runner was already released',
  ].join('|'),
);

/** The SQLSTATE of an error from PostgreSQL, also when TypeORM wrapped it. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether the error is the violation of the named unique or foreign-key constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return (
    sqlState(error)?.startsWith('23') === true &&
    (error as { constraint?: unknown }).constraint === constraint
  );
}

/** True when the database gave no answer at all, so that the connection is worth nothing. */
export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  return networkCodes.has(String(code)) || driverMessages.test(error.message);
}

/**
 * True when what this connection has prepared no longer fits: a migration has changed the type of
 * a column ("cached plan must not change result type", which is 0A000 like much else; its routine
 * tells, in any language of the server), or a pooler has changed the server behind it. This
 * connection can never run the statement again, a new one prepares anew.
 */
export function isOutdatedStatement(error: unknown): boolean {
  const { routine } = (error ?? {}) as { routine?: unknown };
  const state = sqlState(error);
  return (
    (state === '0A000' && routine === 'RevalidateCachedQuery') ||
    state === '26000' || // no such prepared statement
    state === '42P05' // one of that name is there already
  );
}

/** The catalogue code of a database error; undefined when it is not one or is our own mistake. */
export function databaseErrorCode(error: unknown): ErrorCode | undefined {
  if (isConnectionFailure(error) || isOutdatedStatement(error)) return 'database.unavailable';
  const state = sqlState(error);
  return state === undefined ? undefined : (byState[state] ?? byClass[state.slice(0, 2)]);
}

import {
  databaseErrorCode,
  isConnectionFailure,
  isOutdatedStatement,
  sqlState,
  violates,
} from './database-error.js';

const withCode = (code: string, more: object = {}): Error =>
  Object.assign(new Error('told by the driver'), { code, ...more });

describe('Errors of the database', () => {
  it.each([
    ['57P01', 'database.unavailable'], // admin_shutdown
    ['57P03', 'database.unavailable'], // cannot_connect_now
    ['57014', 'database.unavailable'], // statement_timeout
    ['55P03', 'database.unavailable'], // lock_timeout
    ['25P03', 'database.unavailable'], // idle_in_transaction_session_timeout
    ['08006', 'database.unavailable'],
    ['53300', 'database.unavailable'], // too_many_connections
    ['28P01', 'database.unavailable'],
    ['53100', 'database.full'],
    ['25006', 'database.read_only'],
    ['40001', 'resource.conflict'],
    ['23505', 'resource.conflict'],
    ['22001', undefined],
    ['42601', undefined], // a mistake of ours
    ['ECONNRESET', 'database.unavailable'],
    ['EPIPE', 'database.unavailable'],
    ['ENOENT', undefined],
  ])('[F02][F04] %s becomes %s', (code, expected) => {
    expect(databaseErrorCode(withCode(code))).toBe(expected);
  });

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Query runner already released. Cannot run queries anymore.',
    'Database connection provided by a query runner was already released, cannot continue to use its querying methods anymore.',
  ])('[F02][F21] knows a lost connection without a code: %s', (message) => {
    expect(isConnectionFailure(new Error(message))).toBe(true);
    expect(databaseErrorCode(new Error(message))).toBe('database.unavailable');
  });

  it('[F18] knows a prepared statement that no longer fits its server', () => {
    for (const outdated of [
      withCode('0A000', { routine: 'RevalidateCachedQuery' }),
      withCode('26000'),
      withCode('42P05'),
    ]) {
      expect(isOutdatedStatement(outdated)).toBe(true);
      expect(databaseErrorCode(outdated)).toBe('database.unavailable');
    }
    for (const other of [withCode('0A000'), withCode('42P01'), new Error('text'), null]) {
      expect(isOutdatedStatement(other)).toBe(false);
      expect(databaseErrorCode(other)).toBeUndefined();
    }
  });

  it('[F02] takes nothing else for one', () => {
    for (const thrown of [new Error('Query failed'), new TypeError('x'), 'text', null, undefined]) {
      expect(isConnectionFailure(thrown)).toBe(false);
      expect(databaseErrorCode(thrown)).toBeUndefined();
    }
  });

  it('[DA-02] tells which constraint was violated', () => {
    const error = withCode('23505', { constraint: 'users_email_unique' });
    expect(violates(error, 'users_email_unique')).toBe(true);
    expect(violates(error, 'users_username_unique')).toBe(false);
    expect(violates(withCode('42601'), 'users_email_unique')).toBe(false);
    expect(sqlState(withCode('ECONNRESET'))).toBeUndefined();
  });
});

/**
 * How long anything may take. A route has one of three classes; every dependency has limits of its
 * own, below that of the route which waits for it.
 */
export interface RouteClass {
  /** Milliseconds, or the setting that has them. */
  limit: number | 'HTTP_HANDLER_TIMEOUT_MS';
  description: string;
}

/**
 * From the last byte of the request, of an upload from its first, to the first of the answer; then
 * 504 `server.timeout`.
 */
export const routeClasses = {
  usual: { limit: 'HTTP_HANDLER_TIMEOUT_MS', description: 'Every route that says nothing else' },
  slow: { limit: 12_000, description: 'Routes that gather or take in much for one caller' },
  upload: {
    limit: 150_000,
    description:
      'Uploads: FILES_RECEIVE_TIMEOUT_MS at most for the file to arrive, and what comes after',
  },
  probe: { limit: 3_000, description: 'Probes that look at a dependency' },
} as const satisfies Record<string, RouteClass>;

export type RouteClassName = keyof typeof routeClasses;

export interface DependencyLimit {
  /** Milliseconds, or the setting that has them. */
  limit: number | string;
  of: string;
  /** What becomes of who waited. */
  then: string;
}

export const dependencyLimits = {
  databaseConnection: {
    of: 'PostgreSQL: a connection of the pool, made or waited for',
    limit: 'DATABASE_ACQUIRE_TIMEOUT_MS',
    then: '503 `database.unavailable`',
  },
  databaseStatement: {
    of: 'PostgreSQL: one statement, by the server; by the client 250 ms later, which ends the connection',
    limit: 'DATABASE_QUERY_TIMEOUT_MS',
    then: '503 `database.unavailable`',
  },
  databaseLock: {
    of: 'PostgreSQL: waiting for a row or a table that somebody else holds',
    limit: 2_000,
    then: '503 `database.unavailable`',
  },
  databaseIdle: {
    of: 'PostgreSQL: a transaction in which nothing happens',
    limit: 10_000,
    then: 'the server rolls it back',
  },
  redis: {
    of: 'Redis: connecting, and one command',
    limit: 'REDIS_TIMEOUT_MS',
    then: 'the connection is given up; 503 `redis.unavailable` where sessions are needed',
  },
  smtpConnection: {
    of: 'SMTP: connecting',
    limit: 10_000,
    then: 'the mail waits in the queue for its next try',
  },
  smtpGreeting: { of: 'SMTP: the greeting of the server', limit: 10_000, then: 'the same' },
  smtpSilence: { of: 'SMTP: silence in a conversation', limit: 20_000, then: 'the same' },
  idempotencyWait: {
    of: 'Another request with the same Idempotency-Key',
    limit: 3_000,
    then: '409 `idempotency.in_progress`',
  },
  passwordHash: {
    of: 'Waiting for a password hash to be computed',
    limit: 3_000,
    then: '503 `server.overloaded`',
  },
} as const satisfies Record<string, DependencyLimit>;

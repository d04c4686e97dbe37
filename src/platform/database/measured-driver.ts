import { LRUCache } from 'lru-cache';
import pg from 'pg';

import type { Metrics } from '../telemetry/metrics.js';
import type { DatabaseVitals } from './database-vitals.js';
import { isConnectionFailure, isOutdatedStatement, sqlState } from './database-error.js';

const statementShape =
  /^\s*(?:WITH\b[\s\S]*?\)\s*)?(SELECT|INSERT|UPDATE|DELETE|BEGIN|START|COMMIT|ROLLBACK|LISTEN)\b(?:[\s\S]*?\b(?:FROM|INTO|UPDATE)\s+(?:"?public"?\.)?"?([a-z_]+)"?)?/i;

export interface DriverParts {
  metrics: Metrics;
  vitals: DatabaseVitals;
  /** Most that may wait for a connection. */
  queueMax: number;
  /** What a further one gets. */
  refuse: () => Error;
}

/**
 * The `pg` driver, measured: statement times by operation and table, errors by class, pool waits.
 * A connection whose statement timed out is destroyed, since a frozen server would otherwise
 * keep it busy for ever (`query_timeout` alone leaves it in the pool); so is one whose prepared
 * statements no longer fit. Who would have to wait behind too many is refused at once.
 */
export function measuredDriver({ metrics, vitals, queueMax, refuse }: DriverParts): typeof pg {
  const observe = statementObserver(metrics);
  const nameOf = statementNames();
  const errors = metrics.counter('database_errors_total');
  const acquire = metrics.histogram('database_pool_acquire_seconds');

  class MeasuredClient extends pg.Client {
    // The driver has ten overloads of query(); all pass through unchanged.
    override query(...args: never[]): never {
      const pass = (given: unknown[]): unknown => super.query(...(given as [never]));
      const started = performance.now();
      const text = textOf(args[0]);
      const name = Array.isArray(args[1]) ? nameOf(text) : undefined;
      if (name) args.splice(0, 2, { name, text, values: args[1] } as never);
      const finish = (error: unknown): void => {
        observe(text, (performance.now() - started) / 1000);
        if (!error || sqlState(error)) vitals.answered();
        if (!error) return;
        errors.inc({ class: sqlState(error)?.slice(0, 2) ?? 'connection' });
        if (isConnectionFailure(error) || isOutdatedStatement(error)) abandon(this);
      };
      const callback = args.at(-1) as unknown;
      if (typeof callback === 'function') {
        const measured = (error: unknown, result: unknown): void => {
          finish(error);
          (callback as (error: unknown, result: unknown) => void)(error, result);
        };
        return pass([...args.slice(0, -1), measured]) as never;
      }
      const result = pass(args);
      if (result instanceof Promise) result.then(() => finish(undefined), finish);
      return result as never;
    }
  }

  class MeasuredPool extends pg.Pool {
    constructor(options: pg.PoolConfig) {
      super({ ...options, Client: MeasuredClient } as pg.PoolConfig);
      vitals.pool = this;
    }

    override connect(callback?: unknown): never {
      // Who gets an idle or a new connection in a moment is counted as waiting, too.
      const free = this.idleCount + this.options.max - this.totalCount;
      if (this.waitingCount - free >= queueMax) return refused(refuse(), callback);
      const started = performance.now();
      const record = (): void => acquire.observe((performance.now() - started) / 1000);
      if (typeof callback === 'function') {
        const measured = (...results: unknown[]): void => {
          record();
          (callback as (...results: unknown[]) => void)(...results);
        };
        return super.connect(measured as never) as never;
      }
      const client = super.connect();
      client.then(record, record);
      return client as never;
    }
  }

  return { ...pg, Client: MeasuredClient, Pool: MeasuredPool } as typeof pg;
}

function refused(error: Error, callback: unknown): never {
  if (typeof callback !== 'function') return Promise.reject(error) as never;
  process.nextTick(callback as (error: Error) => void, error);
  return undefined as never;
}

function textOf(query: unknown): string {
  return typeof query === 'string'
    ? query
    : String((query as { text?: unknown } | null)?.text ?? '');
}

/** Most statements that are prepared; further ones are planned at every use. */
const preparedStatements = 200;

/** Gives statements with parameters a name, under which PostgreSQL prepares them once a connection. */
function statementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  return (text) => {
    let name = names.get(text);
    if (!name && names.size < preparedStatements) {
      name = `s${names.size + 1}`;
      names.set(text, name);
    }
    return name;
  };
}

/**
 * Ends a connection of the pool. That its socket is gone is known a moment later only; `end()` has
 * the pool drop it at once, instead of giving it to the next who waits.
 */
function abandon(client: pg.Client): void {
  destroySocket(client);
  void client.end().catch(() => undefined);
}

/** Ends a connection that no longer answers; `end()` would wait for the other side. */
export function destroySocket(client: pg.Client): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}

/** Statements repeat, so each text is taken apart once. */
function statementObserver(metrics: Metrics): (text: string, seconds: number) => void {
  const durations = metrics.histogram('database_query_duration_seconds');
  const labelsOf = new LRUCache<string, { operation: string; table: string }>({ max: 1_000 });
  return (text, seconds) => {
    let labels = labelsOf.get(text);
    if (!labels) {
      const [, operation, table] = statementShape.exec(text) ?? [];
      labels = {
        operation: operation?.toLowerCase() ?? 'other',
        table: table?.toLowerCase() ?? 'none',
      };
      labelsOf.set(text, labels);
    }
    durations.observe(labels, seconds);
  };
}

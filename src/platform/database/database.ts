import { AsyncLocalStorage } from 'node:async_hooks';

import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

import { currentContext } from '../context/request-context.js';

interface RunningTransaction {
  manager: EntityManager;
  effects: (() => void)[];
  regrets: (() => Promise<void>)[];
  apart: (() => Promise<void>)[];
}

/**
 * The one way to the database. `transaction()` carries its entity manager in AsyncLocalStorage,
 * so that every repository called inside takes part without an argument.
 */
@Injectable()
export class Database {
  private readonly logger = new Logger('Database');
  private readonly running = new AsyncLocalStorage<RunningTransaction>();

  constructor(private readonly dataSource: DataSource) {}

  /** The manager of the running transaction, else one that commits each statement. */
  get manager(): EntityManager {
    return this.running.getStore()?.manager ?? this.dataSource.manager;
  }

  get inTransaction(): boolean {
    return this.running.getStore() !== undefined;
  }

  /** Runs `work` in a transaction (READ COMMITTED), or in the one already running. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.inTransaction) return work();
    return this.begin(async () => {
      const result = await work();
      await currentContext()?.beforeCommit?.();
      return result;
    });
  }

  /**
   * Runs `work` in a transaction of its own, which stays when the running one rolls back: once that
   * one is over. Meanwhile it would need a second connection while it holds one, and as many
   * callers at once as there are connections would wait for each other.
   */
  async apart(work: () => Promise<void>): Promise<void> {
    const transaction = this.running.getStore();
    if (transaction) transaction.apart.push(work);
    else await this.begin(work);
  }

  /** Runs `effect` once the running transaction has committed; at once when there is none. */
  afterCommit(effect: () => void): void {
    const transaction = this.running.getStore();
    if (transaction) transaction.effects.push(effect);
    else effect();
  }

  /**
   * Runs `regret` if the running transaction fails, for stores that cannot take part in it. What
   * fails may have been the answer to COMMIT: both outcomes must be bearable.
   */
  afterRollback(regret: () => Promise<void>): void {
    this.running.getStore()?.regrets.push(regret);
  }

  /** Rows of a statement with `$1` parameters, `RETURNING` of UPDATE and DELETE included. */
  async rows<T>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    const result: unknown = await this.manager.query(sql, parameters);
    const changed = Array.isArray(result) && result.length === 2 && Array.isArray(result[0]);
    return (changed ? (result as [T[]])[0] : result) as T[];
  }

  /** The first row, if any. */
  async row<T>(sql: string, parameters: unknown[] = []): Promise<T | undefined> {
    return (await this.rows<T>(sql, parameters))[0];
  }

  /**
   * Holds a cluster-wide lock until the running transaction ends, so that of two instances doing
   * the same thing one waits for the other.
   */
  async lock(name: string): Promise<void> {
    await this.rows('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`gatehouse:${name}`]);
  }

  private async begin<T>(work: () => Promise<T>): Promise<T> {
    const effects: (() => void)[] = [];
    const regrets: (() => Promise<void>)[] = [];
    const apart: (() => Promise<void>)[] = [];
    let result: T;
    try {
      result = await this.dataSource.transaction((manager) =>
        this.running.run({ manager, effects, regrets, apart }, work),
      );
    } catch (error) {
      await this.regret(regrets);
      for (const each of apart) await this.begin(each);
      throw error;
    }
    for (const effect of effects) void this.afterwards(effect); // at once, before anything else runs
    for (const each of apart) await this.afterwards(() => this.begin(each));
    return result;
  }

  /** The change is committed: the others must run, and the caller must not see a failure. */
  private async afterwards(effect: () => void | Promise<void>): Promise<void> {
    try {
      await effect();
    } catch (error) {
      this.logger.error({ err: error }, 'An effect after commit failed');
    }
  }

  private async regret(regrets: readonly (() => Promise<void>)[]): Promise<void> {
    for (const outcome of await Promise.allSettled(regrets.map((regret) => regret()))) {
      if (outcome.status === 'fulfilled') continue;
      this.logger.warn({ err: outcome.reason as unknown }, 'An effect of a rollback failed');
    }
  }
}

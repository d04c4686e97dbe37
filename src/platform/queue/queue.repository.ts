import { Injectable } from '@nestjs/common';

import { Database } from '../database/database.js';

export interface JobOptions {
  /** Not before this time; at once when not given. */
  runAt?: Date;
  /** Of jobs with the same key that have not begun, the newest replaces the others. */
  jobKey?: string;
  /** Smaller goes first; 0 when not given. */
  priority?: number;
  /** Tries before it is given up; the catalogue's number when not given. */
  maxAttempts?: number;
}

export interface QueueDepth {
  /** Could begin now. */
  ready: number;
  /** Wait for their time, for the first try or for the next. */
  scheduled: number;
  running: number;
  /** Were given up after their last try. */
  failed: number;
}

/** A worker that took a job within this time may not have said yet that it lives. */
const unprovenSeconds = 10;

/**
 * All SQL about jobs that is ours; the schema `graphile_worker` belongs to graphile-worker.
 * A worker that lives holds the advisory lock of its name: see {@link lifeLock}.
 */
@Injectable()
export class QueueRepository {
  constructor(private readonly database: Database) {}

  async add(
    task: string,
    payload: object,
    { runAt, jobKey, priority, maxAttempts }: JobOptions,
  ): Promise<void> {
    await this.database.rows(
      `SELECT FROM graphile_worker.add_job($1, $2::json, run_at => $3, max_attempts => $4,
                                           job_key => $5, priority => $6)`,
      [
        task,
        JSON.stringify(payload),
        runAt ?? null,
        maxAttempts ?? null,
        jobKey ?? null,
        priority ?? null,
      ],
    );
  }

  /**
   * Gives jobs whose worker has died to the others; their number. graphile-worker by itself would
   * let them lie for four hours.
   */
  async releaseOrphans(): Promise<number> {
    return this.database.transaction(async () => {
      const orphans = await this.database.rows<{ worker: string; jobs: number }>(
        `SELECT locked_by AS worker, jobs FROM (
           SELECT locked_by, count(*)::int AS jobs FROM graphile_worker._private_jobs
           WHERE locked_at < now() - make_interval(secs => $1) GROUP BY locked_by
         ) AS holders WHERE pg_try_advisory_xact_lock(${lifeLock('locked_by')})`,
        [unprovenSeconds],
      );
      if (orphans.length === 0) return 0;
      await this.database.rows('SELECT graphile_worker.force_unlock_workers($1)', [
        orphans.map(({ worker }) => worker),
      ]);
      return orphans.reduce((sum, { jobs }) => sum + jobs, 0);
    });
  }

  async depth(): Promise<QueueDepth> {
    const row = await this.database.row<QueueDepth>(
      `SELECT count(*) FILTER (WHERE is_available AND run_at <= now())::int AS ready,
              count(*) FILTER (WHERE is_available AND run_at > now())::int AS scheduled,
              count(*) FILTER (WHERE locked_at IS NOT NULL)::int AS running,
              count(*) FILTER (WHERE NOT is_available AND locked_at IS NULL)::int AS failed
       FROM graphile_worker._private_jobs`,
    );
    return row!;
  }

  async deleteFailed(olderThanDays: number): Promise<void> {
    await this.database.rows(
      `DELETE FROM graphile_worker._private_jobs
       WHERE attempts >= max_attempts AND locked_at IS NULL
         AND updated_at < now() - make_interval(days => $1)`,
      [olderThanDays],
    );
  }
}

/** Key of the advisory lock that a living worker holds, of an SQL expression for its name. */
export function lifeLock(worker: string): string {
  return `hashtextextended('gatehouse:worker:' || ${worker}, 0)`;
}

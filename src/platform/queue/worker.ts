import { EventEmitter } from 'node:events';

import { Logger as NestLogger } from '@nestjs/common';
import {
  Logger,
  parseCronItems,
  run,
  type Runner,
  type WorkerEvents,
  type WorkerPool,
} from 'graphile-worker';
import pg from 'pg';

import { type TaskName, tasks } from '../../catalogue/tasks.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { JobInfo, Queue } from './queue.js';
import { lifeLock } from './queue.repository.js';

export interface WorkerSettings {
  pool: pg.PoolConfig;
  concurrency: number;
  pollIntervalMs: number;
}

/** graphile-worker never asks again for the ids of tasks once that has failed; a new one does. */
const errorsBeforeRestart = 5;
/** Running jobs get so long to finish; then they are given back for another instance. */
const finishWithinMs = 5_000;

/** One run of graphile-worker: from its connections to their loss, or to a stop. */
export class Worker {
  private readonly logger = new NestLogger('Queue');
  private readonly pool: pg.Pool;
  private readonly events = new EventEmitter() as WorkerEvents;
  private runner?: Runner;
  private workers?: WorkerPool;
  private failedLooks = 0;
  private stopping = false;

  constructor(
    private readonly settings: WorkerSettings,
    private readonly queue: Queue,
    private readonly metrics: Metrics,
  ) {
    this.pool = new pg.Pool(settings.pool);
    // Lost connections are replaced; what was asked on them fails, and is tried again.
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => client.on('error', () => undefined));
    this.listen();
  }

  /** Resolves when it was stopped, rejects when it cannot go on. */
  async run(): Promise<void> {
    try {
      this.runner = await run({
        pgPool: this.pool,
        taskList: Object.fromEntries(this.queue.handled.map((name) => this.entry(name))),
        parsedCronItems: parseCronItems(cronItems(this.queue.handled)),
        concurrency: this.settings.concurrency,
        pollInterval: this.settings.pollIntervalMs,
        noHandleSignals: true,
        logger: new Logger(() => (level, message) => this.log(level, message)),
        events: this.events,
        // Batched, a job whose end cannot be written ends this run; else it is a rejection that
        // nobody handles, and a job that stays locked.
        preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      });
      if (this.stopping) await this.stop();
      await this.runner.promise;
    } finally {
      await this.pool.end().catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    this.stopping = true; // while it is still starting: it stops when it has
    if (!this.runner) return;
    const stopped = this.runner.stop().catch(() => undefined);
    if (await settles(stopped, finishWithinMs)) return;
    // `runner.kill()` does nothing any more once it is stopping.
    await this.workers?.forcefulShutdown('the service stops');
  }

  private entry(name: TaskName): [string, (payload: unknown, helpers: Helpers) => Promise<void>] {
    return [
      name,
      async (payload, { job }) => {
        const last = job.attempts >= job.max_attempts;
        const info: JobInfo = { id: job.id, attempt: job.attempts, last };
        const end = this.metrics.histogram('queue_job_duration_seconds').startTimer({ task: name });
        const count = (outcome: string): void =>
          this.metrics.counter('queue_jobs_total').inc({ task: name, outcome });
        try {
          await this.queue.perform(name, payload, info);
          count('success');
        } catch (error) {
          count(last ? 'failed' : 'retry');
          this.logger.warn({ err: error, task: name, attempt: info.attempt }, 'A job failed');
          throw error;
        } finally {
          end();
        }
      },
    ];
  }

  private listen(): void {
    this.events.on('pool:create', ({ workerPool }) => {
      this.workers = workerPool;
    });
    this.events.on('pool:listen:success', ({ client, workerPool: { id } }) => {
      // After its LISTEN, which it sends next: pg warns of two statements in a queue. A failure means
      // that the listener is being replaced; the next one locks again.
      const lock = `SELECT pg_advisory_lock(${lifeLock('$1::text')})`;
      setImmediate(() => void client.query(lock, [id]).catch(() => undefined));
    });
    const alive = (): void => void (this.failedLooks = 0);
    this.events.on('worker:getJob:empty', alive);
    this.events.on('job:start', alive);
    this.events.on('worker:getJob:error', () => {
      if (++this.failedLooks === errorsBeforeRestart) void this.stop().catch(() => undefined);
    });
  }

  /** Without their details, which hold payloads. Its "info" is a line for each job. */
  private log(level: string, message: string): void {
    const [line = ''] = message.split('\n');
    if (level === 'error') {
      if (!line.startsWith('Failed task')) this.logger.warn(line); // a job's failure has its line
    } else if (level === 'warning') this.logger.warn(line);
    else this.logger.debug(line);
  }
}

interface Helpers {
  job: { id: string; attempts: number; max_attempts: number };
}

function cronItems(names: readonly TaskName[]): Parameters<typeof parseCronItems>[0] {
  return names.flatMap((name) => {
    const { cron, maxAttempts } = tasks[name];
    if (cron === undefined) return [];
    // A service that is down at that minute makes up for it when it starts on the same day.
    const options = { backfillPeriod: 24 * 60 * 60 * 1_000, maxAttempts, jobKey: name };
    return [{ task: name, match: cron, identifier: name, options }];
  });
}

/** Whether `work` is over within this time. */
async function settles(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, withinMs, false);
  });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

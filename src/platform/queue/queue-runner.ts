import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';

import { DatabaseConfig, ProcessConfig, QueueConfig } from '../config/index.js';
import { DatabaseConnection } from '../database/database.module.js';
import { Metrics } from '../telemetry/metrics.js';
import { Queue } from './queue.js';
import { QueueRepository } from './queue.repository.js';
import { Worker, type WorkerSettings } from './worker.js';

/** How often the queue is measured, and jobs of dead workers are looked for. */
const roundMs = 15_000;
const longestPauseMs = 10_000;

/** Does the jobs of the queue in processes with the role `worker`, for as long as they live. */
@Injectable()
export class QueueRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Queue');
  private readonly settings: WorkerSettings;
  private readonly working: boolean;
  private worker?: Worker;
  private running?: Promise<void>;
  private timer?: NodeJS.Timeout;
  private wake?: () => void;
  private stopped = false;

  constructor(
    private readonly queue: Queue,
    private readonly jobs: QueueRepository,
    private readonly metrics: Metrics,
    { roles }: ProcessConfig,
    { concurrency }: QueueConfig,
    { queryTimeoutMs, acquireTimeoutMs }: DatabaseConfig,
    connection: DatabaseConnection,
  ) {
    this.working = roles.includes('worker');
    this.settings = {
      concurrency,
      pollIntervalMs: 1_200 * concurrency * between(0.8, 1.2),
      pool: {
        connectionString: connection.url,
        application_name: 'gatehouse-worker',
        max: concurrency + 2, // one listens, one keeps the time
        idleTimeoutMillis: 10_000,
        connectionTimeoutMillis: acquireTimeoutMs,
        keepAlive: true,
        statement_timeout: queryTimeoutMs,
        query_timeout: queryTimeoutMs + 250,
        ...(connection.role && { options: `-c role=${connection.role}` }),
      },
    };
  }

  onApplicationBootstrap(): void {
    if (!this.working) return;
    this.running = this.keepWorking();
    this.scheduleRound();
  }

  /** Before the connections of handlers are closed. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.wake?.();
    await this.worker?.stop().catch(() => undefined); // its jobs are found without an owner
    await this.running;
  }

  /** A database that is away ends a worker, never the process: the next one comes. */
  private async keepWorking(): Promise<void> {
    let pauseMs = 500;
    while (!this.stopped) {
      const since = performance.now();
      this.worker = new Worker(this.settings, this.queue, this.metrics);
      await this.worker.run().catch((error: unknown) => {
        if (!this.stopped) this.logger.warn({ err: error }, 'The worker ended and starts again');
      });
      if (performance.now() - since > longestPauseMs) pauseMs = 500;
      await this.pause(pauseMs * between(0.8, 1.2));
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  private pause(ms: number): Promise<void> {
    if (this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private scheduleRound(): void {
    this.timer = setTimeout(
      () => {
        void this.round()
          .catch(() => undefined) // the database is away, as the log says elsewhere
          .then(() => !this.stopped && this.scheduleRound());
      },
      roundMs * between(0.8, 1.2),
    ).unref();
  }

  private async round(): Promise<void> {
    const released = await this.jobs.releaseOrphans();
    if (released > 0) this.logger.warn({ released }, 'Jobs of a worker that died begin anew');
    const depth = await this.jobs.depth();
    for (const [state, jobs] of Object.entries(depth)) {
      this.metrics.gauge('queue_jobs').set({ state }, jobs as number);
    }
  }
}

/** Instances that do something at intervals should not do it at the same moment. */
function between(least: number, most: number): number {
  return least + Math.random() * (most - least);
}

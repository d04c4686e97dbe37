import { Injectable, type OnModuleInit } from '@nestjs/common';

import { type TaskName, type TaskPayload, tasks } from '../../catalogue/tasks.js';
import { currentContext, runInContext } from '../context/request-context.js';
import { KeyRing } from '../crypto/index.js';
import { type JobOptions, QueueRepository } from './queue.repository.js';

export interface JobInfo {
  /** The same in every try. */
  id: string;
  attempt: number;
  /** After this try there is none. */
  last: boolean;
}

export type TaskHandler<N extends TaskName> = (
  payload: TaskPayload<N>,
  job: JobInfo,
) => Promise<void>;

/** A job as it is stored; those that the clock adds have no payload. */
interface Job {
  payload?: object;
  /** The request that asked for it, so that the audit trail can name it. */
  asked?: {
    requestId: string;
    address?: string | null | undefined;
    userAgent?: string | null | undefined;
  } | null;
}

/** Jobs that were given up stay so long, for operators to look at. */
const keepFailedDays = 14;

/** Work for later. Adding a job is part of the running transaction: it exists if that commits. */
@Injectable()
export class Queue implements OnModuleInit {
  private readonly handlers = new Map<TaskName, TaskHandler<TaskName>>();

  constructor(
    private readonly jobs: QueueRepository,
    private readonly keys: KeyRing,
  ) {}

  onModuleInit(): void {
    this.handle('queue.clean_up', () => this.jobs.deleteFailed(keepFailedDays));
  }

  async add<N extends TaskName>(
    task: N,
    payload: TaskPayload<N>,
    options: JobOptions = {},
  ): Promise<void> {
    const { maxAttempts, sealed } = tasks[task];
    const { requestId, address, userAgent } = currentContext() ?? {};
    const job: Job = { payload, asked: requestId ? { requestId, address, userAgent } : null };
    await this.jobs.add(task, sealed ? { sealed: this.seal(task, job) } : job, {
      maxAttempts,
      ...options,
    });
  }

  /** Does a job, in the name of the system and under the request that asked for it. */
  async perform(task: TaskName, stored: unknown, info: JobInfo): Promise<void> {
    const { payload, asked } = this.read(task, stored);
    const context = {
      origin: 'system' as const,
      requestId: asked?.requestId ?? `job-${info.id}`,
      address: asked?.address ?? null,
      userAgent: asked?.userAgent ?? null,
    };
    const handler = this.handlers.get(task)!;
    await runInContext(context, () => handler((payload ?? {}) as never, info));
  }

  /** Says who does the work of a task. For providers, in `onModuleInit`. */
  handle<N extends TaskName>(task: N, handler: TaskHandler<N>): void {
    if (this.handlers.has(task)) throw new Error(`the task ${task} is handled twice`);
    this.handlers.set(task, handler as TaskHandler<TaskName>);
  }

  /** Every task that somebody here handles. */
  get handled(): readonly TaskName[] {
    return [...this.handlers.keys()];
  }

  /** What is sealed can have been written by an instance only: anything else is not obeyed. */
  private read(task: TaskName, stored: unknown): Job {
    if (!tasks[task].sealed) return stored as Job;
    const { sealed } = stored as { sealed?: unknown };
    if (typeof sealed !== 'string') throw new Error(`a job of ${task} is not sealed`);
    return this.open(task, sealed);
  }

  private seal(task: TaskName, job: Job): string {
    return this.keys.seal('jobs', Buffer.from(JSON.stringify(job)), task).toString('base64');
  }

  private open(task: TaskName, sealed: string): Job {
    return JSON.parse(
      this.keys.open('jobs', Buffer.from(sealed, 'base64'), task).toString(),
    ) as Job;
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';

import { type TaskName, type TaskPayload, tasks } from '../../catalogue/tasks.js';
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

/** Jobs that were given up stay so long, for operators to look at. */
const keepFailedDays = 14;

/** Work for later. Adding a job is part of the running transaction: it exists if that commits. */
@Injectable()
export class Queue implements OnModuleInit {
  private readonly handlers = new Map<TaskName, TaskHandler<TaskName>>();

  constructor(private readonly jobs: QueueRepository) {}

  onModuleInit(): void {
    this.handle('queue.clean_up', () => this.jobs.deleteFailed(keepFailedDays));
  }

  async add<N extends TaskName>(
    task: N,
    payload: TaskPayload<N>,
    options: JobOptions = {},
  ): Promise<void> {
    const { maxAttempts } = tasks[task];
    await this.jobs.add(task, payload, { maxAttempts, ...options });
  }

  /** Says who does the work of a task. For providers, in `onModuleInit`. */
  handle<N extends TaskName>(task: N, handler: TaskHandler<N>): void {
    if (this.handlers.has(task)) throw new Error(`the task ${task} is handled twice`);
    this.handlers.set(task, handler as TaskHandler<TaskName>);
  }

  /** Every task that somebody here handles. */
  get handled(): ReadonlyMap<TaskName, TaskHandler<TaskName>> {
    return this.handlers;
  }
}

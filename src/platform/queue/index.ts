export { type JobInfo, Queue, type TaskHandler } from './queue.js';
export { QueueModule } from './queue.module.js';
export type { JobOptions } from './queue.repository.js';

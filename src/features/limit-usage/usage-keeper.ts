import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';

import { lastWrite } from '../../platform/http/drain.js';
import { Queue } from '../../platform/queue/index.js';
import { LimitUsage } from '../../platform/throttling/limit-usage.js';
import { LimitUsageRepository } from './limit-usage.repository.js';
import { keptDays, minutesKeptDays } from './usage.policy.js';

const flushMs = 10_000;
/** Rows of one statement. */
const batch = 2_000;
const dayMs = 86_400_000;

/**
 * Writes usage down every ten seconds and at the end, a statement for all requests of that time. A
 * process that is killed loses the last ten seconds; nothing is decided by them.
 */
@Injectable()
export class UsageKeeper
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly logger = new Logger('LimitUsage');
  private timer?: NodeJS.Timeout;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly usage: LimitUsage,
    private readonly repository: LimitUsageRepository,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('limit_usage.clean_up', () => this.cleanUp());
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), flushMs).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await lastWrite(this.flush());
  }

  /** One after the other; what could not be written down is kept for the next time. */
  flush(): Promise<void> {
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const counts = this.usage.take();
    for (let from = 0; from < counts.length; from += batch) {
      try {
        await this.repository.add(counts.slice(from, from + batch));
      } catch (error) {
        this.usage.putBack(counts.slice(from));
        this.logger.warn({ err: error }, 'Usage was not written down yet');
        return;
      }
    }
  }

  private async cleanUp(): Promise<void> {
    const before = new Date(Date.now() - minutesKeptDays * dayMs);
    while (await this.repository.foldHour(before));
    const old = new Date(Date.now() - keptDays * dayMs);
    while ((await this.repository.deleteBefore(old, batch)) === batch);
  }
}

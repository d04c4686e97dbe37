import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';

import { SessionsRepository } from './sessions.repository.js';

const everyMs = 24 * 60 * 60 * 1000;
/** The first run comes within this time, spread so that instances do not start it together. */
const firstWithinMs = 10 * 60 * 1000;
const batch = 1_000;

/**
 * Removes sessions that are over, once a day. Instances need no agreement: each takes rows that
 * no other is deleting.
 */
@Injectable()
export class SessionCleanup implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Sessions');
  private timer?: NodeJS.Timeout;

  constructor(private readonly sessions: SessionsRepository) {}

  onApplicationBootstrap(): void {
    this.schedule(Math.random() * firstWithinMs);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  private schedule(inMs: number): void {
    this.timer = setTimeout(() => {
      this.run()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'Clean-up failed'))
        .finally(() => this.schedule(everyMs));
    }, inMs).unref();
  }

  /** Gives the number of sessions removed. */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      const removed = await this.sessions.deleteExpired(batch);
      total += removed;
      if (removed < batch) break;
    }
    if (total > 0) this.logger.log({ removed: total }, 'Expired sessions removed');
    return total;
  }
}

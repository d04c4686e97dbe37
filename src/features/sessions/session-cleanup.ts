import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';

import { SessionsRepository } from './sessions.repository.js';

const everyMs = 24 * 60 * 60 * 1000;
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
    this.timer = setInterval(() => {
      this.run().catch((error: unknown) => this.logger.warn({ err: error }, 'Clean-up failed'));
    }, everyMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
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

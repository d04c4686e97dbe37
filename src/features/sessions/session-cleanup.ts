import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import { Queue } from '../../platform/queue/index.js';
import { SessionsRepository } from './sessions.repository.js';

const batch = 1_000;

/** Removes sessions that are over, once a day. */
@Injectable()
export class SessionCleanup implements OnModuleInit {
  private readonly logger = new Logger('Sessions');

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('sessions.clean_up', async () => void (await this.run()));
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

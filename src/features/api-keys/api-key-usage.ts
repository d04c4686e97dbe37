import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';

import { lastWrite } from '../../platform/http/drain.js';
import { ApiKeysRepository, type Uses } from './api-keys.repository.js';

const flushMs = 10_000;

/**
 * Counts uses of keys in memory and writes them down every ten seconds and at the end, so that a
 * call costs no write. A process that is killed loses the counts of its last ten seconds; nothing
 * is decided by them.
 */
@Injectable()
export class ApiKeyUsage implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('ApiKeys');
  private pending = new Map<string, Uses>();
  private timer?: NodeJS.Timeout;

  constructor(private readonly keys: ApiKeysRepository) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), flushMs).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await lastWrite(this.flush());
  }

  used(id: string): void {
    this.add(id, { count: 1, last: new Date() });
  }

  /** Writes down what was counted; what could not be written is kept for the next time. */
  async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    const uses = this.pending;
    this.pending = new Map();
    try {
      await this.keys.addUses(uses);
    } catch (error) {
      for (const [id, each] of uses) this.add(id, each);
      this.logger.warn({ err: error }, 'Uses of API keys were not written down yet');
    }
  }

  private add(id: string, { count, last }: Uses): void {
    const known = this.pending.get(id);
    const later = known && known.last > last ? known.last : last;
    this.pending.set(id, { count: (known?.count ?? 0) + count, last: later });
  }
}

import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AuditService } from '../audit/index.js';
import { UsersRepository } from './users.repository.js';

const batch = 100;

/**
 * Erases accounts whose time to come back is over, once a day. Whatever belongs to the user goes
 * with the row; audit events keep the id, which then means nobody.
 */
@Injectable()
export class UserErasure implements OnModuleInit {
  private readonly logger = new Logger('Users');

  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly audit: AuditService,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('users.erase', async () => void (await this.run()));
  }

  /** Gives the number of accounts erased. */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      const erased = await this.eraseSome();
      total += erased;
      if (erased < batch) break;
    }
    if (total > 0) this.logger.log({ erased: total }, 'Deleted accounts erased');
    return total;
  }

  private eraseSome(): Promise<number> {
    return this.database.transaction(async () => {
      const ids = await this.users.eraseDue(batch);
      const events = ids.map((id) => ({ payload: {}, target: { kind: 'user', id } as const }));
      await this.audit.recordAll('users.erased', events);
      await this.audit.forget(ids);
      return ids.length;
    });
  }
}

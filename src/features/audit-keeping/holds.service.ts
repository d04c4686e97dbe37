import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { Database } from '../../platform/database/index.js';
import { AuditService } from '../audit/index.js';
import { type Hold, KeepingRepository } from './keeping.repository.js';

/** Legal holds: what they speak of is not pruned, however old it is. */
@Injectable()
export class HoldsService {
  constructor(
    private readonly repository: KeepingRepository,
    private readonly audit: AuditService,
    private readonly database: Database,
  ) {}

  /** @returns its id */
  add(hold: Omit<Hold, 'id' | 'createdAt'>): Promise<string> {
    const id = uuidv7();
    const { userId, category, from, to, reason } = hold;
    return this.change(async () => {
      await this.repository.addHold({ id, ...hold });
      await this.audit.record(
        'audit.hold_added',
        {
          ...{ userId, category, reason },
          from: from?.toISOString() ?? null,
          to: to?.toISOString() ?? null,
        },
        { target: { kind: 'audit-hold', id } },
      );
      return id;
    });
  }

  list(): Promise<Hold[]> {
    return this.repository.holds();
  }

  /** False when there is no such hold. */
  remove(id: string, reason: string): Promise<boolean> {
    return this.change(async () => {
      if (!(await this.repository.removeHold(id))) return false;
      await this.audit.record(
        'audit.hold_removed',
        { reason },
        { target: { kind: 'audit-hold', id } },
      );
      return true;
    });
  }

  /** Not while a batch is removed, which looks at the holds first. */
  private change<T>(work: () => Promise<T>): Promise<T> {
    return this.database.transaction(async () => {
      await this.database.lock('audit-holds');
      return work();
    });
  }
}

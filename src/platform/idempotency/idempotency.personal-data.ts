import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../personal-data/index.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** What the answers say is in the other sections. */
@Injectable()
@HoldsPersonalData({ section: 'idempotencyKeys', tables: ['idempotency_keys'] })
export class IdempotencyPersonalData implements PersonalDataHolder {
  constructor(private readonly keys: IdempotencyRepository) {}

  personalDataOf(userId: string): Promise<unknown> {
    return this.keys.heldOf(userId);
  }
}

import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { LimitUsageRepository } from './limit-usage.repository.js';

const pageSize = 500;

/** Numbers of requests, by the hour. */
@Injectable()
@HoldsPersonalData({ section: 'limitUsage', tables: ['limit_usage'] })
export class LimitUsagePersonalData implements PersonalDataHolder {
  constructor(private readonly repository: LimitUsageRepository) {}

  async *personalDataOf(userId: string): AsyncGenerator<object[]> {
    let after: Date | null = null;
    for (;;) {
      const page: { hour: Date }[] = await this.repository.of(userId, after, pageSize);
      if (page.length > 0) yield page;
      if (page.length < pageSize) return;
      after = page.at(-1)!.hour;
    }
  }
}

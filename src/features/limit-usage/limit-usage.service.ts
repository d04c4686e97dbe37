import { Injectable } from '@nestjs/common';

import type { ReadUsage } from './limit-usage.dto.js';
import { LimitUsageRepository } from './limit-usage.repository.js';
import { UsageView } from './limit-usage.view.js';
import { UsageFile } from './usage-file.js';
import { spanOf } from './usage.policy.js';

const usualItems = 20;

/** How much is used, and how much was refused. */
@Injectable()
export class LimitUsageService {
  constructor(private readonly repository: LimitUsageRepository) {}

  async report(request: ReadUsage): Promise<UsageView | UsageFile> {
    const { by = 'policy', policy = null, limit = usualItems, format } = request;
    const span = spanOf({ ...request, by });
    const range = { ...span, by, policy };
    const totals = await this.repository.totals(range, limit);
    const names = totals.map(({ name }) => name);
    const points = await this.repository.series(range, names, span.bucketSeconds);
    const view = UsageView.of(span, by, totals, points);
    return format === 'csv' ? UsageFile.of(view) : view;
  }
}

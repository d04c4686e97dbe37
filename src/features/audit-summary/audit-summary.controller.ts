import { Controller, Get, Query } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { SummariseDay } from './audit-summary.dto.js';
import { AuditSummaryService } from './audit-summary.service.js';
import { SummaryView } from './audit-summary.view.js';

@Controller('audit/summary')
export class AuditSummaryController {
  constructor(private readonly summaries: AuditSummaryService) {}

  /**
   * Read what a day was like, and what is unusual about it. It tells sign-ins and failed ones, addresses
   * never seen before, changes of roles, and use of API keys.
   */
  @Get()
  @Access('audit.read')
  @Limit('analytics')
  read(@Query() { day }: SummariseDay): Promise<SummaryView> {
    return this.summaries.summarise(day);
  }
}

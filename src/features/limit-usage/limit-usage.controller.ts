import { applyDecorators, Controller, Get, Query } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { ReadUsage } from './limit-usage.dto.js';
import { LimitUsageService } from './limit-usage.service.js';
import { UsageView } from './limit-usage.view.js';
import type { UsageFile } from './usage-file.js';

/** JSON, or the same as a table. */
const AnswersUsage = (): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(UsageView),
    ApiOkResponse({
      content: {
        'application/json': { schema: { $ref: getSchemaPath(UsageView) } },
        'text/csv': { schema: { type: 'string', maxLength: 10_000_000, pattern: '^at,' } },
      },
    }),
  );

@Controller('rate-limits/usage')
export class LimitUsageController {
  constructor(private readonly usage: LimitUsageService) {}

  /**
   * Read how many requests were let through and refused, by policy, route or caller, and how that
   * went over time. It is ten seconds late, by the minute for six hours of the last two days, else by
   * the hour, and kept for 30 days.
   */
  @Get()
  @Access('limits.read')
  @Limit('analytics')
  @AnswersUsage()
  read(@Query() request: ReadUsage): Promise<UsageView | UsageFile> {
    return this.usage.report(request);
  }
}

import { Module } from '@nestjs/common';

import { LimitUsageController } from './limit-usage.controller.js';
import { LimitUsagePersonalData } from './limit-usage.personal-data.js';
import { LimitUsageRepository } from './limit-usage.repository.js';
import { LimitUsageService } from './limit-usage.service.js';
import { UsageKeeper } from './usage-keeper.js';

@Module({
  controllers: [LimitUsageController],
  providers: [LimitUsageService, LimitUsageRepository, UsageKeeper, LimitUsagePersonalData],
})
export class LimitUsageModule {}

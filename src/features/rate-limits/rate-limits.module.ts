import { Module } from '@nestjs/common';

import { LimitPoliciesController } from './limit-policies.controller.js';
import { LimitPoliciesRepository } from './limit-policies.repository.js';
import { LimitPoliciesService } from './limit-policies.service.js';

@Module({
  controllers: [LimitPoliciesController],
  providers: [LimitPoliciesService, LimitPoliciesRepository],
})
export class RateLimitsModule {}

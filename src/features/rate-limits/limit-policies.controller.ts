import { Body, Controller, Get, Param, Patch } from '@nestjs/common';

import { Access, StepUp } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { UpdateLimitPolicy } from './limit-policies.dto.js';
import { LimitPoliciesService } from './limit-policies.service.js';
import { LimitPolicyListView, LimitPolicyView } from './limit-policy.view.js';

@Controller('rate-limits/policies')
@Limit('administration')
export class LimitPoliciesController {
  constructor(private readonly policies: LimitPoliciesService) {}

  /** List all rate limits, as they are in force and as this release would have them. */
  @Get()
  @Access('limits.read')
  list(): Promise<LimitPolicyListView> {
    return this.policies.list();
  }

  /**
   * Change a rate limit. Every instance counts by it within a second; `null` gives back a default.
   * @throws {404} limits.not_found
   * @throws {409} limits.fixed
   */
  @Patch(':name')
  @Access('limits.update')
  @StepUp()
  update(
    @Param('name') name: string,
    @Body() request: UpdateLimitPolicy,
  ): Promise<LimitPolicyView> {
    return this.policies.update(name, request);
  }
}

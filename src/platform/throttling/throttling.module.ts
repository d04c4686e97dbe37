import { Global, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';

import { limitPolicies } from '../../catalogue/limits.js';
import { Blocks } from './blocks.js';
import { Counters } from './counters.js';
import { LimitPolicies } from './limit-policies.js';
import { LimitUsage } from './limit-usage.js';
import { RateLimiter } from './rate-limiter.js';
import { RedisCounters } from './redis-counters.js';

@Module({
  providers: [RateLimiter, LimitPolicies, Counters, RedisCounters, Blocks, LimitUsage],
  exports: [RateLimiter, LimitPolicies, Blocks, LimitUsage],
})
class RateLimiterModule {}

@Global()
@Module({
  imports: [
    RateLimiterModule,
    ThrottlerModule.forRootAsync({
      imports: [RateLimiterModule],
      inject: [RateLimiter],
      useFactory: (storage: RateLimiter) => ({
        storage,
        throttlers: Object.entries(limitPolicies).map(([name, policy]) => ({
          name,
          limit: policy.quota,
          ttl: policy.windowSeconds * 1000,
        })),
      }),
    }),
  ],
  exports: [RateLimiterModule, ThrottlerModule],
})
export class ThrottlingModule {}

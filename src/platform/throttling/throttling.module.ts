import { Global, Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';

import { limitPolicies } from '../../catalogue/limits.js';
import { RateLimiter } from './rate-limiter.js';

@Module({ providers: [RateLimiter], exports: [RateLimiter] })
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

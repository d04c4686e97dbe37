import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { LimitPolicyName } from '../../catalogue/limits.js';
import { limitMetadata, unlimited } from './limit.decorator.js';
import type { RateLimiter } from './rate-limiter.js';

/**
 * The guard of @nestjs/throttler with policies by name instead of a list that every request
 * walks. Runs after the caller is known and before rights are checked.
 */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const policy = this.reflector.getAllAndOverride<LimitPolicyName | typeof unlimited | undefined>(
      limitMetadata,
      [context.getHandler(), context.getClass()],
    );
    if (policy === unlimited) return true;
    const http = context.switchToHttp();
    const limiter = this.storageService as RateLimiter;
    const counted = limiter.count(
      http.getRequest<FastifyRequest>(),
      http.getResponse<FastifyReply>(),
      policy,
    );
    if (counted) await counted;
    return true;
  }
}

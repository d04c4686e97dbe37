import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { limitPolicies, type LimitPolicy, type LimitPolicyName } from '../../catalogue/limits.js';
import type { Principal } from '../access/principal.js';
import { PerimeterConfig } from '../config/index.js';
import { AppError } from '../errors/app-error.js';
import { Metrics } from '../telemetry/metrics.js';
import { networkOf } from './client-network.js';
import { type Decision, SlidingWindow } from './sliding-window.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once a limit has counted the request. */
    limitDecision?: Decision;
  }
}

/**
 * Counts requests by policy. In this process only: several instances each grant the quota until a
 * shared store is configured. It is the storage of `@nestjs/throttler` and what its guard calls.
 */
@Injectable()
export class RateLimiter implements ThrottlerStorage {
  private readonly windows = new SlidingWindow();

  constructor(
    private readonly perimeter: PerimeterConfig,
    private readonly metrics: Metrics,
  ) {}

  /** `ThrottlerStorage` for code that uses @nestjs/throttler directly. Times in milliseconds. */
  increment(key: string, ttl: number, limit: number): ReturnType<ThrottlerStorage['increment']> {
    const decision = this.windows.hit(key, limit, ttl);
    return Promise.resolve({
      totalHits: limit - decision.remaining,
      timeToExpire: decision.resetSeconds,
      isBlocked: !decision.allowed,
      timeToBlockExpire: decision.allowed ? 0 : decision.resetSeconds,
    });
  }

  /**
   * Counts one request and writes `RateLimit` and `RateLimit-Policy`
   * (draft-ietf-httpapi-ratelimit-headers-10).
   * @throws AppError `throttling.limit_exceeded` with Retry-After
   */
  count(request: FastifyRequest, reply: FastifyReply, policyName?: LimitPolicyName): void {
    const { principal, address } = request.context;
    const name = policyName ?? usualPolicy(principal);
    const policy = limitPolicies[name];
    const quota = this.scaled(quotaOf(policy, principal));
    const network = networkOf(address ?? 'gone');
    const known = policy.per === 'caller' ? (principal?.apiKeyId ?? principal?.userId) : undefined;
    const scope = policyName ? `${name}:${request.method}${request.routeOptions.url}` : name;
    const decision = this.windows.hit(
      `${scope}:${known ?? network}`,
      quota,
      policy.windowSeconds * 1000,
    );
    request.limitDecision = decision;
    void reply.header('ratelimit-policy', `"${name}";q=${quota};w=${policy.windowSeconds}`);
    void reply.header('ratelimit', `"${name}";r=${decision.remaining};t=${decision.resetSeconds}`);
    if (!decision.allowed) throw this.refusal(name, decision);
  }

  /**
   * Looks something up that a request names before it is counted. What is not there counts against
   * the network that asked; after too much of that nothing is looked up for it. Callers who are
   * found do not count: they may be many behind one address.
   * @throws AppError `throttling.limit_exceeded` with Retry-After
   */
  async lookUp<T>(
    name: 'unknown-credential',
    address: string,
    find: () => Promise<T | null>,
  ): Promise<T | null> {
    const { quota, windowSeconds } = limitPolicies[name];
    const window = [
      `${name}:${networkOf(address)}`,
      this.scaled(quota),
      windowSeconds * 1000,
    ] as const;
    const decision = this.windows.look(...window);
    if (!decision.allowed) throw this.refusal(name, decision);
    const found = await find();
    if (found === null) this.windows.hit(...window);
    return found;
  }

  /** Counts an API request that failed before the guards; gives the refusal when it is too many. */
  countUnguarded(request: FastifyRequest, reply: FastifyReply): AppError | undefined {
    const paths = [request.url, request.routeOptions.url]; // `/%61pi/…` finds its route as well
    if (request.limitDecision || !paths.some((path) => path?.startsWith('/api/'))) return undefined;
    try {
      this.count(request, reply);
      return undefined;
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  }

  private scaled(quota: number): number {
    return Math.max(1, Math.round(quota * this.perimeter.rateLimitScale));
  }

  private refusal(policy: LimitPolicyName, { resetSeconds }: Decision): AppError {
    this.metrics.counter('throttled_requests_total').inc({ policy });
    return new AppError('throttling.limit_exceeded', {
      headers: { 'retry-after': String(resetSeconds) },
    });
  }
}

/** A key's own quota holds on every route, whatever counts it. */
function quotaOf(policy: LimitPolicy, principal: Principal | undefined): number {
  const perMinute = policy.per === 'caller' ? principal?.requestsPerMinute : undefined;
  if (perMinute === undefined) return policy.quota;
  return Math.min(policy.quota, (perMinute * policy.windowSeconds) / 60);
}

function usualPolicy(principal: Principal | undefined): LimitPolicyName {
  if (!principal) return 'anonymous';
  return principal.apiKeyId === undefined ? 'user' : 'api-key';
}

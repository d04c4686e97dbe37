import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { LimitPolicyName } from '../../catalogue/limits.js';
import type { Principal } from '../access/principal.js';
import { AppError } from '../errors/app-error.js';
import { Metrics } from '../telemetry/metrics.js';
import { Blocks, type Subject } from './blocks.js';
import { networkOf } from './client-network.js';
import { Counters } from './counters.js';
import { LimitPolicies } from './limit-policies.js';
import { LimitUsage } from './limit-usage.js';
import { type Decision, resetSeconds, type Rule } from './rule.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once a limit has counted the request, or a block has refused it. */
    limitDecision?: Decision;
    /** Who sent a good credential along to a public route, from a blocked network. */
    recognised?: Principal;
  }
}

/** How one request is counted. */
interface Count {
  policy: LimitPolicyName;
  rule: Rule;
  /** The counter. */
  key: string;
  /** Who is refused, and blocked for going on. */
  subject: Subject;
}

/**
 * Counts requests by policy and refuses those that are too many. It is the storage of
 * `@nestjs/throttler` and what its guard calls.
 */
@Injectable()
export class RateLimiter implements ThrottlerStorage {
  constructor(
    private readonly policies: LimitPolicies,
    private readonly counters: Counters,
    private readonly blocks: Blocks,
    private readonly usage: LimitUsage,
    private readonly metrics: Metrics,
  ) {}

  /** `ThrottlerStorage` for code that uses @nestjs/throttler directly. Times in milliseconds. */
  async increment(
    key: string,
    ttl: number,
    limit: number,
  ): ReturnType<ThrottlerStorage['increment']> {
    const rule: Rule = {
      algorithm: 'sliding-window',
      quota: limit,
      windowMs: ttl,
      burst: limit,
    };
    const decision = await this.counters.hit(`throttler:${key}`, rule);
    const seconds = resetSeconds(decision);
    return {
      totalHits: limit - decision.remaining,
      timeToExpire: seconds,
      isBlocked: !decision.allowed,
      timeToBlockExpire: decision.allowed ? 0 : seconds,
    };
  }

  /**
   * Counts one request and writes `RateLimit` and `RateLimit-Policy`
   * (draft-ietf-httpapi-ratelimit-headers-11). At once, where no other server is asked.
   * @throws AppError `throttling.limit_exceeded` or `throttling.blocked`, with Retry-After
   */
  count(
    request: FastifyRequest,
    reply: FastifyReply,
    policy?: LimitPolicyName,
  ): void | Promise<void> {
    const count = this.countOf(request, policy);
    this.refuseBlocked(request, reply, count);
    const decision = this.counters.hit(count.key, count.rule);
    if (!(decision instanceof Promise)) return this.settle(request, reply, count, decision);
    return decision.then((later) => this.settle(request, reply, count, later));
  }

  /**
   * Looks something up that a request names before it is counted. What is not there counts against
   * the network that asked; after too much of that nothing is looked up for it. Callers who are
   * found do not count: they may be many behind one address.
   * @throws AppError `throttling.limit_exceeded` with Retry-After
   */
  async lookUp<T>(
    policy: 'unknown-credential',
    address: string,
    find: () => Promise<T | null>,
  ): Promise<T | null> {
    const subject: Subject = { kind: 'network', id: networkOf(address), userId: null };
    const key = `${policy}:${subject.id}`;
    const rule = this.policies.rule(policy);
    const decision = this.counters.look(key, rule);
    if (!decision.allowed) throw this.refusal({ policy, rule, key, subject }, decision);
    const found = await find();
    if (found === null && this.counters.hitNow(key, rule).allowed) this.blocks.passed(key);
    return found;
  }

  /** Counts an API request that failed before the guards; gives the refusal when it is too many. */
  countUnguarded(request: FastifyRequest, reply: FastifyReply): AppError | undefined {
    const paths = [request.url, request.routeOptions.url]; // `/%61pi/…` finds its route as well
    if (request.limitDecision || !paths.some((path) => /^\/(api|problems)\//.test(path ?? '')))
      return undefined;
    try {
      const count = this.countOf(request);
      // Nobody has asked who calls: who may be signed in must not meet the block of an address.
      if (!carriesCredential(request)) this.refuseBlocked(request, reply, count);
      this.settle(request, reply, count, this.counters.hitNow(count.key, count.rule));
      return undefined;
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  }

  private countOf(request: FastifyRequest, declared?: LimitPolicyName): Count {
    const { principal, address } = request.context;
    const policy = declared ?? usualPolicy(principal);
    const byCaller = this.policies.of(policy).per === 'caller';
    const network = networkOf(address ?? 'gone');
    const who = (byCaller ? (principal?.apiKeyId ?? principal?.userId) : undefined) ?? network;
    const method = request.method === 'HEAD' ? 'GET' : request.method; // which does the same work
    const scope = declared ? `${policy}:${method}${request.routeOptions.url}` : policy;
    return {
      policy,
      rule: this.policies.rule(policy, byCaller ? principal?.requestsPerMinute : undefined),
      key: `${scope}:${who}`,
      subject: subjectOf(principal ?? request.recognised, network, isForced(request)),
    };
  }

  /** Before anything is counted or looked up. */
  private refuseBlocked(request: FastifyRequest, reply: FastifyReply, count: Count): void {
    const { kind, id } = count.subject;
    const ofNetwork = kind === 'visitor' ? this.blocks.leftMs('network', id) : 0;
    const resetMs = Math.max(ofNetwork, this.blocks.leftMs(kind, id));
    if (resetMs === 0) return;
    if (this.policies.of(count.policy).evenWhenBlocked) return;
    const decision = { allowed: false, remaining: 0, resetMs };
    this.tell(request, reply, count, decision);
    this.metrics.counter('blocked_requests_total').inc({ kind });
    throw new AppError('throttling.blocked', retryAfter(decision));
  }

  private settle(
    request: FastifyRequest,
    reply: FastifyReply,
    count: Count,
    decision: Decision,
  ): void {
    this.tell(request, reply, count, decision);
    if (!decision.allowed) throw this.refusal(count, decision);
    this.blocks.passed(streakOf(count.key, count.subject));
  }

  private tell(
    request: FastifyRequest,
    reply: FastifyReply,
    { policy, rule, subject }: Count,
    decision: Decision,
  ): void {
    const { allowed, remaining } = decision;
    request.limitDecision = decision;
    void reply.header('ratelimit-policy', `"${policy}";q=${rule.quota};w=${rule.windowMs / 1000}`);
    void reply.header('ratelimit', `"${policy}";r=${remaining};t=${resetSeconds(decision)}`);
    const route = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    const caller = subject.userId === null ? 'anonymous' : `${subject.kind}:${subject.id}`;
    this.usage.count({ policy, route, caller, userId: subject.userId, allowed });
  }

  private refusal({ policy, key, subject }: Count, decision: Decision): AppError {
    this.metrics.counter('throttled_requests_total').inc({ policy });
    this.blocks.violated(subject, streakOf(key, subject), policy);
    return new AppError('throttling.limit_exceeded', retryAfter(decision));
  }
}

/** Many may share a counter; nobody is blocked for what others of them did, visitors included. */
function streakOf(key: string, { kind, id }: Subject): string {
  return `${kind}:${id} ${key}`;
}

function retryAfter(decision: Decision): { headers: Record<string, string> } {
  return { headers: { 'retry-after': String(resetSeconds(decision)) } };
}

function usualPolicy(principal: Principal | undefined): LimitPolicyName {
  if (!principal) return 'anonymous';
  return principal.apiKeyId === undefined ? 'user' : 'api-key';
}

/** A page of another site made the visitor's browser ask (Fetch Metadata). */
function isForced({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-site'] === 'cross-site';
}

function carriesCredential({ headers }: FastifyRequest): boolean {
  const { authorization, cookie } = headers;
  return authorization !== undefined || cookie !== undefined || headers['x-api-key'] !== undefined;
}

function subjectOf(principal: Principal | undefined, network: string, forced: boolean): Subject {
  if (!principal) return { kind: forced ? 'visitor' : 'network', id: network, userId: null };
  const { apiKeyId, userId } = principal;
  if (apiKeyId === undefined) return { kind: 'user', id: userId, userId };
  return { kind: 'api-key', id: apiKeyId, userId };
}

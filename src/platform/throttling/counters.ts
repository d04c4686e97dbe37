import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { Metrics } from '../telemetry/metrics.js';
import { LocalCounters } from './local-counters.js';
import { RedisCounters } from './redis-counters.js';
import { type Decision, type Rule, sameRule } from './rule.js';

/** After Redis failed it is left alone for so long; then one hit tries it, and nobody waits for it. */
const restMs = 1_000;

interface Refusal {
  rule: Rule;
  until: number;
}

/**
 * Where hits are counted: in Redis when it is configured and well, so that all instances hold one
 * limit; else in this process. Never nowhere: while Redis is away, hangs or answers errors, the local
 * counter decides, which knows the hits of this instance from before.
 */
@Injectable()
export class Counters {
  readonly local = new LocalCounters();
  private readonly logger = new Logger('Limits');
  /** Until when Redis said no: who comes earlier gets that answer without asking it again. */
  private readonly refusals = new LRUCache<string, Refusal>({ max: 25_000 });
  private readonly decided: Record<'local' | 'redis' | 'fallback', { inc(): void }>;
  private resting = false;
  private tryAt = 0;
  private trying = false;

  constructor(
    private readonly shared: RedisCounters,
    metrics: Metrics,
  ) {
    const counter = metrics.counter('limit_decisions_total');
    this.decided = {
      local: counter.labels({ store: 'local' }),
      redis: counter.labels({ store: 'redis' }),
      fallback: counter.labels({ store: 'fallback' }),
    };
  }

  /** Counts. Without Redis the decision is there at once. */
  hit(key: string, rule: Rule): Decision | Promise<Decision> {
    if (!this.shared.configured) {
      this.decided.local.inc();
      return this.local.hit(key, rule);
    }
    const refused = this.refused(key, rule);
    if (refused) return refused;
    return this.sharedIsWell ? this.ask(key, rule) : this.fallback(key, rule);
  }

  /**
   * Counts where nothing can be waited for. Redis is told and not asked: what it refuses is refused
   * here the next time.
   */
  hitNow(key: string, rule: Rule): Decision {
    if (!this.shared.configured) {
      this.decided.local.inc();
      return this.local.hit(key, rule);
    }
    const refused = this.refused(key, rule);
    if (refused) return refused;
    if (!this.sharedIsWell) return this.fallback(key, rule);
    this.decided.redis.inc();
    void this.tell(key, rule);
    return this.local.hit(key, rule);
  }

  /** What a hit would be told, as far as this instance knows. */
  look(key: string, rule: Rule): Decision {
    return this.refused(key, rule) ?? this.local.look(key, rule);
  }

  private get sharedIsWell(): boolean {
    return this.shared.connected && !this.resting;
  }

  private async ask(key: string, rule: Rule): Promise<Decision> {
    try {
      const decision = await this.shared.hit(key, rule);
      this.decided.redis.inc();
      this.remember(key, rule, decision);
      return decision;
    } catch (error) {
      this.rest(error);
      return this.fallback(key, rule);
    }
  }

  private async tell(key: string, rule: Rule): Promise<void> {
    try {
      const decision = await this.shared.hit(key, rule);
      if (!decision.allowed) this.remember(key, rule, decision);
    } catch (error) {
      this.rest(error);
    }
  }

  /** What was let through counts here as well, so that the local counter can take over. */
  private remember(key: string, rule: Rule, decision: Decision): void {
    if (decision.allowed) this.local.hit(key, rule);
    else this.refusals.set(key, { rule, until: performance.now() + decision.resetMs });
  }

  private refused(key: string, rule: Rule): Decision | undefined {
    const known = this.refusals.get(key);
    if (!known) return undefined;
    const resetMs = known.until - performance.now();
    if (resetMs > 0 && sameRule(known.rule, rule)) return { allowed: false, remaining: 0, resetMs };
    this.refusals.delete(key);
    return undefined;
  }

  private fallback(key: string, rule: Rule): Decision {
    if (this.resting && this.shared.connected) this.tryAgain(key, rule);
    this.decided.fallback.inc();
    return this.local.hit(key, rule);
  }

  private rest(cause: unknown): void {
    if (!this.resting) this.logger.warn({ err: cause }, 'Limits count in this instance only');
    this.resting = true;
    this.tryAt = performance.now() + restMs;
  }

  /** In the background, one at a time: no request pays for it. */
  private tryAgain(key: string, rule: Rule): void {
    if (this.trying || performance.now() < this.tryAt) return;
    this.trying = true;
    this.shared
      .hit(key, rule)
      .then(
        () => {
          this.resting = false;
          this.logger.log('Limits count in Redis again');
        },
        (error: unknown) => this.rest(error),
      )
      .finally(() => (this.trying = false));
  }
}

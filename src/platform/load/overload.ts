import { randomInt } from 'node:crypto';

import { Injectable, Logger } from '@nestjs/common';

import { AppError } from '../errors/app-error.js';
import { Metrics } from '../telemetry/metrics.js';

/** What there is too much of. */
export type OverloadReason = 'event_loop' | 'database_pool' | 'password_hashes';

/** Between two log lines of one reason. */
const logEveryMs = 10_000;
/** A refusal is news for so long. */
const recentMs = 10_000;
/** Seconds; drawn, so that those who were refused together do not come back together. */
const comeBack = { from: 1, to: 6 };

/** Refuses work before it is begun, because what was begun already takes too long. */
@Injectable()
export class Overload {
  private readonly logger = new Logger('Overload');
  private readonly loggedAt = new Map<OverloadReason, number>();
  private refusedAt = -Infinity;

  constructor(private readonly metrics: Metrics) {}

  /** Whether work was refused lately. */
  get recent(): boolean {
    return performance.now() - this.refusedAt < recentMs;
  }

  /** Counts a refusal; it is cheap, and a thousand of them are one log line. */
  refusal(reason: OverloadReason): AppError {
    this.metrics.counter('overload_refusals_total').inc({ reason });
    this.refusedAt = performance.now();
    if (this.refusedAt - (this.loggedAt.get(reason) ?? -Infinity) > logEveryMs) {
      this.loggedAt.set(reason, this.refusedAt);
      this.logger.warn({ reason }, 'Too much waits: requests are being refused');
    }
    const seconds = randomInt(comeBack.from, comeBack.to);
    return new AppError('server.overloaded', { headers: { 'retry-after': String(seconds) } });
  }
}

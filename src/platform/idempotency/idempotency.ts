import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import { dependencyLimits } from '../../catalogue/timeouts.js';
import { KeyRing } from '../crypto/index.js';
import { AppError } from '../errors/app-error.js';
import { Queue } from '../queue/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { type Attempt, type Found, IdempotencyRepository } from './idempotency.repository.js';
import { decodeAnswer, encodeAnswer, type KeptAnswer } from './kept-answer.js';

/** Who asks for what under which key. */
export interface KeyedRequest {
  /** Names the caller; nobody else finds the key. */
  caller: string;
  userId: string | null;
  key: string;
  /** All of the request that decides what it does. */
  content: string;
}

/** A key is good for so long. */
export const keepHours = 24;
/** A holder that died keeps the key for so long; one that is slow loses it and cannot commit. */
const leaseSeconds = 15;
/** Less than a request has to be answered (HTTP_HANDLER_TIMEOUT_MS). */
const { limit: longestWaitMs } = dependencyLimits.idempotencyWait;
const firstPauseMs = 20;
const longestPauseMs = 250;
/** In this process; each asks the database a few times a second. */
const mostWaiting = 100;
/** Most keys of one caller; older ones are forgotten. */
export const keysPerCaller = 10_000;
const batch = 1_000;

/**
 * Does what a key stands for once, and gives the first answer again
 * (draft-ietf-httpapi-idempotency-key-header-07; docs/adr/0022).
 */
@Injectable()
export class Idempotency implements OnModuleInit {
  private readonly logger = new Logger('Idempotency');
  private waiting = 0;

  constructor(
    private readonly keys: IdempotencyRepository,
    private readonly keyRing: KeyRing,
    private readonly queue: Queue,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.queue.handle('idempotency.clean_up', () => this.cleanUp());
  }

  /**
   * Takes the key, or gives the answer that is kept under it. Waits while another request with it
   * is being done.
   * @throws AppError `idempotency.key_reused`, `idempotency.in_progress`, `idempotency.answer_gone`
   */
  async begin(request: KeyedRequest): Promise<{ attempt: Attempt } | { answer: KeptAnswer }> {
    const attempt = this.attemptOf(request);
    const fingerprint = this.keyRing.mac('idempotency', `content:${request.content}`);
    const wanted = { userId: request.userId, fingerprint, leaseSeconds, keepHours };
    const giveUpAt = performance.now() + longestWaitMs;
    for (let waitMs = firstPauseMs; ;) {
      if (await this.keys.claim(attempt, wanted)) return this.first(attempt);
      for (let found: Found | null; (found = await this.keys.find(attempt));) {
        const answer = this.judge(attempt, fingerprint, found);
        if (answer) return { answer };
        if (performance.now() > giveUpAt || this.waiting >= mostWaiting) {
          throw this.refusal('in_progress', found.leaseSeconds);
        }
        await this.wait(waitMs);
        waitMs = Math.min(waitMs * 2, longestPauseMs);
      }
      if (performance.now() > giveUpAt) throw this.refusal('in_progress', 1);
    }
  }

  /**
   * To be called as the last thing in each transaction of the work: what it did and that it was
   * done are one.
   * @throws AppError `idempotency.in_progress` when somebody else has taken over
   */
  async markDone(attempt: Attempt): Promise<void> {
    if (!(await this.keys.markDone(attempt))) throw this.refusal('in_progress', leaseSeconds);
  }

  /** Keeps the answer. The work is done: the caller must not see a failure. */
  async finish(attempt: Attempt, answer: KeptAnswer | null): Promise<void> {
    const bytes = answer && encodeAnswer(answer);
    const sealed = bytes ? this.keyRing.seal('idempotency', bytes, belongsTo(attempt)) : null;
    await this.settled(this.keys.finish(attempt, sealed));
  }

  /** Lets the next request with the key try, unless something was done. */
  async release(attempt: Attempt): Promise<void> {
    await this.settled(this.keys.release(attempt));
  }

  /** Removes keys that are over. */
  async cleanUp(): Promise<void> {
    while ((await this.keys.deleteOver(batch)) === batch);
  }

  private attemptOf({ caller, key }: KeyedRequest): Attempt {
    const scope = this.keyRing.mac('idempotency', `caller:${caller}`);
    const keyHash = this.keyRing.mac('idempotency', `key:${caller}:${key}`);
    return { scope, keyHash, holder: randomUUID() };
  }

  private async first(attempt: Attempt): Promise<{ attempt: Attempt }> {
    this.count('first');
    // Once in a while, and not when the caller chooses: the hash is keyed.
    if (attempt.keyHash[0] === 0) await this.keys.keepNewest(attempt.scope, keysPerCaller);
    return { attempt };
  }

  /** The kept answer; undefined while it is worth waiting for. */
  private judge(attempt: Attempt, fingerprint: Buffer, found: Found): KeptAnswer | undefined {
    if (!found.fingerprint.equals(fingerprint)) {
      this.count('key_reused');
      throw new AppError('idempotency.key_reused');
    }
    if (found.answer) {
      this.count('replayed');
      return decodeAnswer(this.keyRing.open('idempotency', found.answer, belongsTo(attempt)));
    }
    if (!found.done || found.leaseSeconds > 0) return undefined;
    this.count('answer_gone');
    throw new AppError('idempotency.answer_gone');
  }

  private async wait(ms: number): Promise<void> {
    this.waiting++;
    await pause(ms);
    this.waiting--;
  }

  private refusal(outcome: 'in_progress', seconds: number): AppError {
    this.count(outcome);
    return new AppError('idempotency.in_progress', {
      headers: { 'retry-after': String(Math.max(1, seconds)) },
    });
  }

  private count(outcome: string): void {
    this.metrics.counter('idempotent_requests_total').inc({ outcome });
  }

  private async settled(statement: Promise<void>): Promise<void> {
    await statement.catch((error: unknown) => {
      this.logger.warn({ err: error }, 'An idempotency key keeps no answer');
    });
  }
}

/** A sealed answer that is moved to another caller or key does not open. */
function belongsTo({ scope, keyHash }: Attempt): string {
  return `idempotency_keys.answer:${scope.toString('hex')}:${keyHash.toString('hex')}`;
}

import { dependencyLimits } from '../../catalogue/timeouts.js';

/** Who waited longer has given up or will soon: working for them would only delay the others. */
const { limit: longestWaitMs } = dependencyLimits.passwordHash;

/**
 * Lets `concurrency` tasks run at once and `queueLimit` wait, first come, first served. Hashing
 * without a bound would take all processors and 19 MiB for each attacker's request.
 */
export class BoundedWork {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly concurrency: number,
    private readonly queueLimit: number,
    private readonly refusal: () => Error,
  ) {}

  get queueLength(): number {
    return this.waiting.length;
  }

  /** @throws the refusal when too many wait already, or it waited too long */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running >= this.concurrency) {
      if (this.waiting.length >= this.queueLimit) throw this.refusal();
      await this.turn();
    } else {
      this.running++;
    }
    try {
      return await task();
    } finally {
      this.release();
    }
  }

  private async turn(): Promise<void> {
    const queuedAt = performance.now();
    await new Promise<void>((start) => this.waiting.push(start));
    if (performance.now() - queuedAt <= longestWaitMs) return;
    this.release();
    throw this.refusal();
  }

  private release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running--;
  }
}

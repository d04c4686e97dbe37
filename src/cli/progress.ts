const everyMs = 1_000;

/** Tells on stderr, about once a second, how far a long command has come and how fast it goes. */
export class Progress {
  private done = 0;
  private readonly startedAt = performance.now();
  private saidAt = this.startedAt;

  constructor(private readonly what: string) {}

  add(count: number): void {
    this.done += count;
    if (performance.now() - this.saidAt >= everyMs) this.say();
  }

  end(): void {
    this.say();
  }

  private say(): void {
    this.saidAt = performance.now();
    const seconds = (this.saidAt - this.startedAt) / 1000;
    const rate = Math.round(this.done / Math.max(seconds, 0.001));
    process.stderr.write(`${this.done} ${this.what} in ${seconds.toFixed(1)} s (${rate}/s)\n`);
  }
}

/** How much of what comes is refused when the event loop is late. */
const rise = 0.25;
const fall = 0.125;
/** One late window may be a collection of garbage or one large request: nothing is refused for it. */
const patience = 2;

/**
 * The share of requests to refuse, by how late the event loop is. It rises while the loop stays
 * late and falls slower when it no longer is: refusing everything would end the load, and begin it
 * anew a moment later.
 */
export class ShedShare {
  private share = 0;
  private late = 0;

  /** @param maxLagMs 0 refuses nothing, ever */
  constructor(private readonly maxLagMs: number) {}

  get value(): number {
    return this.share;
  }

  /** @param lagMs how late the loop was, on average, since the last call */
  observe(lagMs: number): void {
    if (this.maxLagMs > 0 && lagMs > this.maxLagMs) {
      if (++this.late >= patience) this.share = Math.min(1, this.share + rise);
      return;
    }
    this.late = 0;
    if (lagMs <= this.maxLagMs / 2) this.share = Math.max(0, this.share - fall);
  }
}

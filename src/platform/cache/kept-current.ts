/** Loaded anew after this time even if nothing asks for it. Milliseconds. */
const longestMs = 60_000;
/** While changes cannot be heard, and after a failure. Milliseconds. */
const often = 1_000;

export interface KeptCurrentOptions {
  load: () => Promise<void>;
  /** Whether changes are told by now. */
  hearing: () => boolean;
  failed: (error: unknown) => void;
}

/**
 * Keeps a copy of something current that is needed without waiting: loads it when it changes, one
 * load at a time. What changes while a load is under way makes another one.
 */
export class KeptCurrent {
  private running?: Promise<void>;
  private again = false;
  private stopped = false;
  private dueAt = 0;
  private timer?: NodeJS.Timeout;

  constructor(private readonly options: KeptCurrentOptions) {}

  /** Loads it; from then on it is current. Fails when it cannot be loaded. */
  async start(): Promise<void> {
    await this.options.load();
    this.dueAt = performance.now() + longestMs;
    this.timer = setInterval(() => this.look(), often).unref();
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
  }

  /** Done when what was true at the time of the call is known here. Never fails. */
  refresh(): Promise<void> {
    this.again = true;
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  private look(): void {
    if (performance.now() >= this.dueAt || !this.options.hearing()) void this.refresh();
  }

  private async run(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      try {
        await this.options.load();
        this.dueAt = performance.now() + longestMs;
      } catch (error) {
        this.dueAt = 0;
        if (!this.stopped) this.options.failed(error);
      }
    }
  }
}

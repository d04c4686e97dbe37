import { OutgoingError } from './outgoing-error.js';

/** The time that one call may take in all: look-up, waiting, tries, and reading the answer. */
export class TimeLimit {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(timeoutMs: number, host: string) {
    const late = new OutgoingError('timeout', `The request to ${host} took too long`);
    this.timer = setTimeout(() => this.controller.abort(late), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The error of a call that took too long. */
  get late(): OutgoingError | undefined {
    const { reason } = this.signal as { reason: unknown };
    return reason instanceof OutgoingError ? reason : undefined;
  }

  /** All is read: the connection may serve others. */
  end(): void {
    clearTimeout(this.timer);
  }

  /** Ends whatever still goes on. */
  cancel(): void {
    this.end();
    this.controller.abort();
  }
}

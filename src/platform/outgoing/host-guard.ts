import {
  bulkhead,
  BrokenCircuitError,
  BulkheadRejectedError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel';

import { OutgoingError } from './outgoing-error.js';

/** So many failures without a success between them, and the host is left alone. */
const failuresThatOpen = 5;
/** First pause of a host that fails; each failed trial makes it longer. */
const firstPauseMs = 5_000;
const longestPauseMs = 60_000;
const callsAtOnce = 20;
const callsWaiting = 50;
const repetitions = 2;

/** What the guard looks at of an answer. */
export interface Answered {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The states of a breaker by the number that the metric shows. */
export const breakerStates = { closed: 0, halfOpen: 1, open: 2 } as const;

const failed = (error: unknown): boolean =>
  error instanceof OutgoingError && ['timeout', 'network'].includes(error.reason);

const hurts = (answer: unknown): boolean => (answer as Answered).status >= 500;

/** A server that names a time is not asked before it: that is for who can wait. */
const passes = (answer: unknown): boolean => {
  const { status, headers } = answer as Answered;
  return [502, 503, 504].includes(status) && headers['retry-after'] === undefined;
};

/**
 * Stands before one host: so many calls at once and no more (a bulkhead), none for a while when
 * it fails again and again (a circuit breaker), and a second try where that does no harm.
 */
export class HostGuard {
  private readonly room = bulkhead(callsAtOnce, callsWaiting);
  private readonly breaker = circuitBreaker(handleWhen(failed).orWhenResult(hurts), {
    breaker: new ConsecutiveBreaker(failuresThatOpen),
    halfOpenAfter: new ExponentialBackoff({
      initialDelay: firstPauseMs,
      maxDelay: longestPauseMs,
    }),
  });
  private readonly once = wrap(this.room, this.breaker);
  private readonly repeatedly = wrap(
    retry(handleWhen(failed).orWhenResult(passes), {
      maxAttempts: repetitions,
      backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 1_000 }), // with jitter
    }),
    this.once,
  );

  constructor(
    private readonly host: string,
    onChange: (state: number) => void,
  ) {
    this.breaker.onStateChange((state) => {
      if (state === CircuitState.Closed) onChange(breakerStates.closed);
      else if (state === CircuitState.HalfOpen) onChange(breakerStates.halfOpen);
      else onChange(breakerStates.open);
    });
  }

  /**
   * @param repeatable whether the call may be made more than once
   * @param signal ends everything: waiting for room and between tries, too
   * @throws OutgoingError `open`, `full`, and whatever `call` throws
   */
  async run<T extends Answered>(
    call: () => Promise<T>,
    repeatable: boolean,
    signal: AbortSignal,
  ): Promise<T> {
    const policy = repeatable ? this.repeatedly : this.once;
    try {
      return await Promise.race([policy.execute(call, signal), whenAborted(signal)]);
    } catch (error) {
      if (error instanceof BrokenCircuitError) {
        throw this.error('open', 'failed too often and is left alone for a while');
      }
      if (error instanceof BulkheadRejectedError) throw this.error('full', 'has too many calls');
      throw error;
    }
  }

  private error(reason: 'open' | 'full', what: string): OutgoingError {
    return new OutgoingError(reason, `${this.host} ${what}`);
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

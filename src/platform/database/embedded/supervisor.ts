import { setTimeout as delay } from 'node:timers/promises';

import type { Log } from './cluster.js';
import { errorMessage } from './errors.js';
import { stopPostmaster, type Postmaster } from './postmaster.js';

/** A server that ended without being asked to. */
export interface PostgresCrash {
  readonly pid: number;
}

export interface SupervisorOptions {
  /** Brings the server back on the same port; rejects when it does not come up. */
  readonly restart: (signal: AbortSignal) => Promise<Postmaster>;
  readonly log: Log;
  readonly onCrash: ((crash: PostgresCrash) => void) | undefined;
}

/** A server that lives this long has recovered: the next crash is a new story. */
const STABLE_MS = 10_000;
const LONGEST_PAUSE_MS = 5000;

/** Keeps one server running until it is stopped. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  #server: Postmaster;

  constructor(server: Postmaster, options: SupervisorOptions) {
    this.#server = server;
    this.#options = options;
    this.#watching = this.#watch();
  }

  /** Stops the server, or the attempt to bring it back, and waits for the end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await stopPostmaster(this.#server);
    await this.#watching;
    await stopPostmaster(this.#server);
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    for (;;) {
      const since = Date.now();
      await this.#server.exited;
      if (signal.aborted) return;
      failures = Date.now() - since > STABLE_MS ? 0 : failures + 1;
      this.#report(this.#server.pid);
      const server = await this.#revive(failures);
      if (!server) return;
      this.#server = server;
    }
  }

  /** Tries until the server is back or nobody wants it any more; never gives up by itself. */
  async #revive(failures: number): Promise<Postmaster | undefined> {
    const { signal } = this.#stopping;
    for (let attempt = failures; !signal.aborted; attempt++) {
      try {
        await delay(pauseMs(attempt), undefined, { signal });
        const server = await this.#options.restart(signal);
        this.#options.log('the embedded PostgreSQL is back', { pid: server.pid });
        return server;
      } catch (error) {
        if (signal.aborted) return undefined;
        const fields = { attempt, error: errorMessage(error) };
        this.#options.log('the embedded PostgreSQL did not come back; trying again', fields);
      }
    }
    return undefined;
  }

  #report(pid: number): void {
    this.#options.log('the embedded PostgreSQL ended unexpectedly; restarting it', { pid });
    try {
      this.#options.onCrash?.({ pid });
    } catch (error) {
      // A faulty listener must not cost us the server.
      this.#options.log('onCrash failed', { error: errorMessage(error) });
    }
  }
}

/** At once for the first failure, then 200 ms, doubling up to the longest pause. */
function pauseMs(failures: number): number {
  return failures <= 1 ? 0 : Math.min(LONGEST_PAUSE_MS, 100 * 2 ** (failures - 1));
}

import { setTimeout as delay } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';

const longestLastWriteMs = 500;

/**
 * Waits for what is written down for the last time before the listener is closed, but not for long:
 * a table that somebody holds must not keep a stopping service listening.
 */
export async function lastWrite(writing: Promise<void>): Promise<void> {
  await Promise.race([writing, delay(longestLastWriteMs, undefined, { ref: false })]);
}

/** Whether this instance is stopping: it still answers, but wants no new connections. */
@Injectable()
export class Drain {
  private since?: number;

  get active(): boolean {
    return this.since !== undefined;
  }

  begin(): void {
    this.since ??= performance.now();
  }
}

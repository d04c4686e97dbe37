import { Injectable } from '@nestjs/common';

/** The part of pg's pool that tells how full it is. */
interface Pool {
  waitingCount: number;
}

/** A server that has answered within this time is there. */
const aliveMs = 3_000;

/** What using the database tells about it, without asking. */
@Injectable()
export class DatabaseVitals {
  pool?: Pool;
  private answeredAt = -Infinity;

  /** A statement was answered, be it by a refusal. */
  answered(): void {
    this.answeredAt = performance.now();
  }

  /**
   * Some wait for a connection, and those who have one get answers: it is busy, not away. Asking it
   * how it is would mean to wait behind them.
   */
  get busy(): boolean {
    const waiting = this.pool?.waitingCount ?? 0;
    return waiting > 0 && performance.now() - this.answeredAt < aliveMs;
  }
}

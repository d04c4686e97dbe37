import { Injectable } from '@nestjs/common';

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

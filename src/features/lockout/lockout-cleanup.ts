import { Injectable } from '@nestjs/common';

import { KnownDevicesRepository } from './known-devices.repository.js';
import { LockoutRepository } from './lockout.repository.js';

const batch = 1_000;
/** A device that was not used for so long is a stranger again. */
const deviceSeconds = 90 * 86_400;

/** Removes failures and devices that count no more. */
@Injectable()
export class LockoutCleanup {
  constructor(
    private readonly failures: LockoutRepository,
    private readonly devices: KnownDevicesRepository,
  ) {}

  /** Gives the number of rows removed. */
  async run(): Promise<number> {
    const failures = await inBatches(() => this.failures.deleteForgotten(batch));
    const devices = await inBatches(() => this.devices.deleteUnseen(deviceSeconds, batch));
    return failures + devices;
  }
}

async function inBatches(removeSome: () => Promise<number>): Promise<number> {
  for (let total = 0; ;) {
    const removed = await removeSome();
    total += removed;
    if (removed < batch) return total;
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Queue } from '../../platform/queue/index.js';

import { KnownDevicesRepository } from './known-devices.repository.js';
import { LockoutRepository } from './lockout.repository.js';

const batch = 1_000;
/** A device that was not used for so long is a stranger again. */
const deviceSeconds = 90 * 86_400;

/** Removes failures and devices that count no more. */
@Injectable()
export class LockoutCleanup implements OnModuleInit {
  constructor(
    private readonly failures: LockoutRepository,
    private readonly devices: KnownDevicesRepository,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('lockout.clean_up', async () => void (await this.run()));
  }

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

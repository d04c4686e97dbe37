import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import { Queue } from '../../platform/queue/index.js';
import { FileRemovals } from './file-removals.js';
import { FileScans } from './file-scans.js';
import { FilesRepository } from './files.repository.js';

const batch = 100;
/** Longer than any upload takes. */
const uploadSeconds = 3_600;
/** By then the tries of a scan are over. */
const scanSeconds = 4 * 86_400;

/**
 * Once a day: uploads whose process died, content whose row is gone (with its user, or because
 * the storage was away), and scans that were given up.
 */
@Injectable()
export class FileCleanup implements OnModuleInit {
  private readonly logger = new Logger('Files');

  constructor(
    private readonly files: FilesRepository,
    private readonly removals: FileRemovals,
    private readonly scans: FileScans,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('files.clean_up', async () => void (await this.run()));
  }

  /** Gives the number of contents removed. */
  async run(): Promise<number> {
    await this.files.releaseOlderThan(uploadSeconds);
    for (const id of await this.files.scansOlderThan(scanSeconds)) await this.scans.ask(id);
    let removed = 0;
    let last: string | undefined;
    do {
      const ids = await this.files.removals(last, batch);
      for (const id of ids) if (await this.removals.remove(id)) removed++;
      last = ids.length === batch ? ids.at(-1) : undefined;
    } while (last !== undefined);
    if (removed > 0) this.logger.log({ removed }, 'Contents of deleted files removed');
    return removed;
  }
}

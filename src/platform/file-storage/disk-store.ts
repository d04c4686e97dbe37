import { open, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';

import type { FileStore, FinishedFile } from './file-store.js';

/** Below a folder of the local disk, spread over 256 folders. */
export class DiskStore implements FileStore {
  constructor(private readonly folder: string) {}

  async keep(id: string, { path }: FinishedFile): Promise<void> {
    const target = this.pathOf(id);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await rename(path, target);
    await synchronise(dirname(target)); // the name survives a power cut, as the content does
  }

  async open(id: string): Promise<Readable> {
    const file = await open(this.pathOf(id), 'r');
    return file.createReadStream({ highWaterMark: 131_072 });
  }

  async remove(id: string): Promise<void> {
    await rm(this.pathOf(id), { force: true });
  }

  /** The end of a UUIDv7 is random; its start is the time. */
  private pathOf(id: string): string {
    return join(this.folder, id.slice(-2), id);
  }
}

async function synchronise(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

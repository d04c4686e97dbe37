import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';

import { Inject, Injectable } from '@nestjs/common';

import { ProcessConfig } from '../config/index.js';
import { KeyRing } from '../crypto/index.js';
import { AppError } from '../errors/app-error.js';
import { FILE_STORE, type FileStore } from './file-store.js';
import { ReceivedFile } from './received-file.js';
import { sealedSize, unsealed } from './sealing.js';

/** What must be remembered of a file to open it again. */
export interface StoredFile {
  id: string;
  size: number;
  /** Its key, sealed with the key ring: whoever forgets it has erased the file. */
  sealedKey: Buffer;
}

/**
 * Files of any size, streamed and encrypted at rest: each with a key of its own, which the row
 * that describes it holds sealed. What lies on the disk or in a bucket is worth nothing alone.
 */
@Injectable()
export class FileStorage {
  private readonly incoming: string;

  constructor(
    { dataDir }: ProcessConfig,
    @Inject(FILE_STORE) private readonly store: FileStore,
    private readonly keys: KeyRing,
  ) {
    this.incoming = join(resolve(dataDir), 'files', 'incoming');
  }

  /**
   * Takes a stream in. Errors of the stream come through; what it had brought is gone then.
   * @throws AppError `storage.full`, `storage.unavailable`
   */
  async receive(id: string, source: Readable): Promise<ReceivedFile> {
    let broken: Error | undefined;
    source.once('error', (error: Error) => (broken = error));
    try {
      await mkdir(this.incoming, { recursive: true, mode: 0o700 });
      return await ReceivedFile.from(join(this.incoming, id), id, source);
    } catch (error) {
      // A disk that fails breaks the stream, too, with the disk's error.
      throw broken instanceof AppError ? broken : storageError(error);
    }
  }

  /**
   * Makes a received file one that can be opened, for good.
   * @throws AppError `storage.full`, `storage.unavailable`
   */
  async keep({ path, sealed, hash }: ReceivedFile): Promise<StoredFile> {
    const { id, key, size } = sealed;
    await attempt(() => this.store.keep(id, { path, size: sealedSize(size), hash }));
    return { id, size, sealedKey: this.keys.seal('files', key, id) };
  }

  /** @throws AppError `storage.unavailable` */
  async open({ id, size, sealedKey }: StoredFile): Promise<Readable> {
    const key = this.keys.open('files', sealedKey, id);
    const source = await attempt(() => this.store.open(id, sealedSize(size)));
    const content = Readable.from(unsealed(source, { id, key, size }), { objectMode: false });
    // A generator that was never asked for anything does not close what it would have read from.
    return content.once('close', () => source.destroy());
  }

  /**
   * Also what a killed process left of an upload.
   * @throws AppError `storage.unavailable`
   */
  async remove(id: string): Promise<void> {
    await attempt(async () => {
      await rm(join(this.incoming, id), { force: true });
      await this.store.remove(id);
    });
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error);
  }
}

function storageError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new AppError(full ? 'storage.full' : 'storage.unavailable', { cause: error });
}

import type { Readable } from 'node:stream';

/** A sealed file on the local disk that is to be kept. */
export interface FinishedFile {
  path: string;
  /** Bytes, sealed. */
  size: number;
  /** SHA-256 of the sealed bytes. */
  hash: Buffer;
}

/** Where files are kept, sealed. Names are UUIDs of ours. */
export interface FileStore {
  /** Takes a file over; afterwards it is there as a whole or not at all. */
  keep(id: string, file: FinishedFile): Promise<void>;
  /** @throws when it is not there, before the first byte */
  open(id: string, size: number): Promise<Readable>;
  /** What is not there is removed already. */
  remove(id: string): Promise<void>;
}

export const FILE_STORE = Symbol('FileStore');

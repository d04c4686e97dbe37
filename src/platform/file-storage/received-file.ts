import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { readUnsealed, type SealedFile, Sealing, unsealed } from './sealing.js';

/** A file that has arrived, sealed on the local disk, and that nobody can ask for yet. */
export class ReceivedFile {
  private constructor(
    readonly path: string,
    readonly sealed: SealedFile,
    /** SHA-256 of the sealed bytes. */
    readonly hash: Buffer,
    private readonly handle: FileHandle,
  ) {}

  /** Writes a stream down, with a key made for it. What fails leaves nothing. */
  static async from(path: string, id: string, source: Readable): Promise<ReceivedFile> {
    const key = randomBytes(32);
    const hash = createHash('sha256');
    let size = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length;
        done(null, chunk);
      },
    });
    const digest = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    try {
      const target = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
      await pipeline(source, count, new Sealing({ id, key }), digest, target);
      const handle = await open(path, 'r');
      return new ReceivedFile(path, { id, key, size }, hash.digest(), handle);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  get size(): number {
    return this.sealed.size;
  }

  /** Any part of its content. */
  read(position: number, length: number): Promise<Buffer> {
    const readAt = async (from: number, bytes: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await this.handle.read(Buffer.alloc(bytes), 0, bytes, from);
      return buffer.subarray(0, bytesRead);
    };
    return readUnsealed(readAt, this.sealed, position, length);
  }

  /** All of its content. */
  stream(): Readable {
    return Readable.from(unsealed(createReadStream(this.path), this.sealed), { objectMode: false });
  }

  /** For when it is kept or dropped: what is left of it here goes. */
  async discard(): Promise<void> {
    await this.handle.close();
    await rm(this.path, { force: true });
  }
}

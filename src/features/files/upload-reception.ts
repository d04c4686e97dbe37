import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, Transform } from 'node:stream';

import { Injectable, Logger } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import type { FileTypeName } from '../../catalogue/file-types.js';
import { FilesConfig, HttpConfig } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { cleanFileName, FileInspector } from '../../platform/file-inspection/index.js';
import { FileStorage, type ReceivedFile } from '../../platform/file-storage/index.js';
import { aroundBytes, readUpload, type UploadedFile } from '../../platform/http/upload.js';
import { FileRemovals } from './file-removals.js';
import { FilesRepository } from './files.repository.js';

export interface Upload {
  id: string;
  file: ReceivedFile;
  sha256: Buffer;
}

/** Takes uploads in, up to the point where only the entry is missing. */
@Injectable()
export class UploadReception {
  private readonly logger = new Logger('Files');

  constructor(
    private readonly database: Database,
    private readonly files: FilesRepository,
    private readonly storage: FileStorage,
    private readonly inspector: FileInspector,
    private readonly removals: FileRemovals,
    private readonly settings: FilesConfig,
    private readonly http: HttpConfig,
  ) {}

  /**
   * Streams a file to the disk, within the owner's quota, and looks at it. What fails leaves
   * nothing behind.
   * @throws AppError for each way in which it may be unacceptable
   */
  async take(request: IncomingMessage, ownerId: string): Promise<Upload> {
    const { maxBytes, receiveTimeoutMs: totalMs } = this.settings;
    if (announced(request) > maxBytes + aroundBytes) throw new AppError('files.too_large');
    const id = uuidv7();
    const limits = { maxBytes, totalMs, pauseMs: this.http.receiveTimeoutMs };
    const wanted = Math.min(announced(request) || maxBytes, maxBytes);
    let upload: Upload | undefined;
    let type: FileTypeName | undefined;
    try {
      await readUpload(request, limits, async ({ name: given, content }: UploadedFile) => {
        const name = cleanFileName(given);
        type = this.inspector.typeOf(name);
        const room = await this.reserve({ id, ownerId, name, type }, wanted);
        const hash = createHash('sha256');
        const file = await this.storage.receive(id, measured(content, room, hash));
        upload = { id, file, sha256: hash.digest() };
      });
      await this.inspector.inspect(upload!.file, type!);
      return upload!;
    } catch (error) {
      await upload?.file.discard();
      await this.drop(id);
      throw error;
    }
  }

  /** Undoes what was begun for an upload, unless it has become a file after all. */
  async drop(id: string): Promise<void> {
    try {
      if (await this.files.release(id)) await this.removals.remove(id);
    } catch (error) {
      this.logger.warn({ err: error, fileId: id }, 'What is left of an upload stays for a day');
    }
  }

  /**
   * Holds room for an upload before it comes, one upload of a user after the other, so that many
   * at once do not get more together than one would. Gives the bytes it may have.
   * @throws AppError `files.quota_exceeded`
   */
  private reserve(file: NewFile, wanted: number): Promise<number> {
    const { quotaBytes, quotaFiles } = this.settings;
    return this.database.transaction(async () => {
      await this.database.lock(`files:${file.ownerId}`);
      const { files, bytes } = await this.files.usageOf(file.ownerId);
      const room = Math.min(wanted, quotaBytes - bytes);
      if (files >= quotaFiles || room < wanted - aroundBytes || room <= 0) {
        throw new AppError('files.quota_exceeded');
      }
      await this.files.reserve({ ...file, size: room });
      return room;
    });
  }
}

type NewFile = Omit<Parameters<FilesRepository['reserve']>[0], 'size'>;

/** Bytes that the client says it sends; without a word it may be anything. */
function announced({ headers }: IncomingMessage): number {
  const length = headers['content-length'];
  return length === undefined ? 0 : Number(length);
}

/** The content on its way, hashed, and cut where the room ends. */
function measured(content: Readable, room: number, hash: Hash): Readable {
  let left = room;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length;
      if (left < 0) return done(new AppError('files.quota_exceeded'));
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return pipeline(content, meter, () => undefined); // errors reach whoever reads it
}

import { ApiProperty } from '@nestjs/swagger';

import { fileTypes } from '../../catalogue/file-types.js';
import type { File } from './files.repository.js';

/** A file of the caller. */
export class FileView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  id: string;
  /**
   * The name it was uploaded with, made harmless.
   * @example "contract.pdf"
   */
  @ApiProperty({ maxLength: 120 })
  name: string;
  /**
   * Media type by its content; the client's word for it does not count.
   * @example "application/pdf"
   */
  @ApiProperty({ maxLength: 100 })
  type: string;
  /**
   * Bytes.
   * @example 48213
   */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: 1_073_741_824 })
  size: number;
  /**
   * SHA-256 of the content, in hexadecimal.
   * @example "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
   */
  @ApiProperty({ pattern: '^[0-9a-f]{64}$', maxLength: 64 })
  sha256: string;
  /** Only a clean file can be downloaded. Without a scanner every file is clean at once. */
  @ApiProperty({ enum: ['scanning', 'clean', 'infected'] })
  status: 'scanning' | 'clean' | 'infected';
  /** When the virus scanner gave its verdict; null when none has looked at it. */
  scannedAt: Date | null;
  createdAt: Date;

  static of(file: File): FileView {
    const { id, name, type, size, sha256, status, scannedAt, createdAt } = file;
    return Object.assign(new FileView(), {
      id,
      name,
      type: fileTypes[type].mediaType,
      size,
      sha256: sha256!.toString('hex'),
      status,
      scannedAt,
      createdAt,
    });
  }
}

export class FileListView {
  @ApiProperty({ maxItems: 100 })
  items: FileView[];
  /**
   * Pass it as `cursor` for the next page; null on the last one.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  nextCursor: string | null;
}

import { Injectable } from '@nestjs/common';

import type { FileTypeName } from '../../catalogue/file-types.js';
import { Database } from '../../platform/database/index.js';
import type { StoredFile } from '../../platform/file-storage/index.js';

/** `receiving` is never shown: it holds the room for an upload that is under way. */
export type FileStatus = 'receiving' | 'scanning' | 'clean' | 'infected';

export interface File {
  id: string;
  ownerId: string;
  status: FileStatus;
  name: string;
  type: FileTypeName;
  size: number;
  sha256: Buffer | null;
  sealedKey: Buffer | null;
  scannedAt: Date | null;
  createdAt: Date;
}

export interface Usage {
  files: number;
  bytes: number;
}

const columns = `id, owner_id AS "ownerId", status, name, type, size::float8 AS size, sha256,
  sealed_key AS "sealedKey", scanned_at AS "scannedAt", created_at AS "createdAt"`;

/** All SQL of the files feature. */
@Injectable()
export class FilesRepository {
  constructor(private readonly database: Database) {}

  /** Uploads that are under way count with the room they hold. */
  async usageOf(ownerId: string): Promise<Usage> {
    const usage = await this.database.row<Usage>(
      `SELECT count(*)::int AS files,
              coalesce(sum(size) FILTER (WHERE status <> 'infected'), 0)::float8 AS bytes
       FROM files WHERE owner_id = $1`,
      [ownerId],
    );
    return usage!;
  }

  async reserve(file: Pick<File, 'id' | 'ownerId' | 'name' | 'type' | 'size'>): Promise<void> {
    await this.database.rows(
      `INSERT INTO files (id, owner_id, status, name, type, size)
       VALUES ($1, $2, 'receiving', $3, $4, $5)`,
      [file.id, file.ownerId, file.name, file.type, file.size],
    );
  }

  /** Undefined when the reservation is gone, with its owner or because it took too long. */
  finish(
    { id, size, sealedKey }: StoredFile,
    sha256: Buffer,
    status: 'scanning' | 'clean',
  ): Promise<File | undefined> {
    return this.database.row(
      `UPDATE files SET status = $2, size = $3, sealed_key = $4, sha256 = $5
       WHERE id = $1 AND status = 'receiving' RETURNING ${columns}`,
      [id, status, size, sealedKey, sha256],
    );
  }

  find(id: string, ownerId: string): Promise<File | undefined> {
    return this.database.row(
      `SELECT ${columns} FROM files WHERE id = $1 AND owner_id = $2 AND status <> 'receiving'`,
      [id, ownerId],
    );
  }

  /** Newest first. */
  page(ownerId: string, before: string | undefined, limit: number): Promise<File[]> {
    return this.database.rows(
      `SELECT ${columns} FROM files
       WHERE owner_id = $1 AND status <> 'receiving' AND ($2::uuid IS NULL OR id < $2)
       ORDER BY id DESC LIMIT $3`,
      [ownerId, before ?? null, limit],
    );
  }

  /** Whether there was such a file. What is stored of it is then noted as to be removed. */
  async delete(id: string, ownerId: string): Promise<boolean> {
    const deleted = await this.database.row(
      `DELETE FROM files WHERE id = $1 AND owner_id = $2 AND status <> 'receiving' RETURNING id`,
      [id, ownerId],
    );
    return deleted !== undefined;
  }

  /** Ends a reservation; false when there is none. */
  async release(id: string): Promise<boolean> {
    const released = await this.database.row(
      `DELETE FROM files WHERE id = $1 AND status = 'receiving' RETURNING id`,
      [id],
    );
    return released !== undefined;
  }

  /** Of processes that died: ends their reservations; how many. */
  async releaseOlderThan(seconds: number): Promise<number> {
    const released = await this.database.rows(
      `DELETE FROM files
       WHERE status = 'receiving' AND created_at < now() - make_interval(secs => $1)
       RETURNING id`,
      [seconds],
    );
    return released.length;
  }

  awaitingScan(id: string): Promise<File | undefined> {
    return this.database.row(`SELECT ${columns} FROM files WHERE id = $1 AND status = 'scanning'`, [
      id,
    ]);
  }

  async scansOlderThan(seconds: number): Promise<string[]> {
    const overdue = await this.database.rows<{ id: string }>(
      `SELECT id FROM files
       WHERE status = 'scanning' AND created_at < now() - make_interval(secs => $1)`,
      [seconds],
    );
    return overdue.map(({ id }) => id);
  }

  async pass(id: string): Promise<void> {
    await this.database.rows(
      `UPDATE files SET status = 'clean', scanned_at = now() WHERE id = $1 AND status = 'scanning'`,
      [id],
    );
  }

  /** Takes the key away, so that nobody opens it any more. False when it is gone or judged. */
  async condemn(id: string): Promise<boolean> {
    const condemned = await this.database.row(
      `UPDATE files SET status = 'infected', scanned_at = now(), sealed_key = NULL
       WHERE id = $1 AND status = 'scanning' RETURNING id`,
      [id],
    );
    if (!condemned) return false;
    await this.database.rows(
      'INSERT INTO file_removals (file_id) VALUES ($1) ON CONFLICT DO NOTHING',
      [id],
    );
    return true;
  }

  /** Files whose content is to be removed, and was not yet. */
  async removals(after: string | undefined, limit: number): Promise<string[]> {
    const rows = await this.database.rows<{ id: string }>(
      `SELECT file_id AS id FROM file_removals
       WHERE $1::uuid IS NULL OR file_id > $1 ORDER BY file_id LIMIT $2`,
      [after ?? null, limit],
    );
    return rows.map(({ id }) => id);
  }

  async forgetRemoval(id: string): Promise<void> {
    await this.database.rows('DELETE FROM file_removals WHERE file_id = $1', [id]);
  }
}

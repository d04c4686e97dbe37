import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

export interface ApiKeyRow {
  id: string;
  userId: string;
  name: string;
  scopes: string[];
  requestsPerMinute: number | null;
  createdAt: Date;
  expiresAt: Date;
  rotatedAt: Date | null;
  previousUntil: Date | null;
  lastUsedAt: Date | null;
  useCount: number;
}

export interface ApiKeySecrets extends ApiKeyRow {
  secretHash: Buffer;
  previousHash: Buffer | null;
}

export interface NewApiKeyRow {
  id: string;
  userId: string;
  name: string;
  scopes: readonly string[];
  secretHash: Buffer;
  requestsPerMinute: number | null;
  expiresAt: Date;
}

/** Uses of one key since the last time they were written down. */
export interface Uses {
  count: number;
  last: Date;
}

const columns = `id, user_id AS "userId", name, scopes, requests_per_minute AS "requestsPerMinute",
  created_at AS "createdAt", expires_at AS "expiresAt", rotated_at AS "rotatedAt",
  previous_until AS "previousUntil", last_used_at AS "lastUsedAt", use_count::float8 AS "useCount"`;

/** All SQL of the api-keys feature. Whose key it is, is part of every statement that changes one. */
@Injectable()
export class ApiKeysRepository {
  constructor(private readonly database: Database) {}

  async insert(key: NewApiKeyRow): Promise<ApiKeyRow> {
    const row = await this.database.row<ApiKeyRow>(
      `INSERT INTO api_keys (id, user_id, name, scopes, secret_hash, requests_per_minute, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${columns}`,
      [
        key.id,
        key.userId,
        key.name,
        key.scopes,
        key.secretHash,
        key.requestsPerMinute,
        key.expiresAt,
      ],
    );
    return row!;
  }

  /** Newest first, expired ones too: their owner may wonder. */
  of(userId: string): Promise<ApiKeyRow[]> {
    return this.database.rows(
      `SELECT ${columns} FROM api_keys WHERE user_id = $1 ORDER BY created_at DESC, id DESC`,
      [userId],
    );
  }

  byId(id: string): Promise<ApiKeySecrets | undefined> {
    return this.database.row(
      `SELECT ${columns}, secret_hash AS "secretHash", previous_hash AS "previousHash"
       FROM api_keys WHERE id = $1`,
      [id],
    );
  }

  /** Puts another secret in place; the one before works for the seconds of overlap. */
  rotate(
    id: string,
    userId: string,
    secretHash: Buffer,
    overlapSeconds: number,
  ): Promise<ApiKeyRow | undefined> {
    return this.database.row(
      `UPDATE api_keys
       SET previous_hash = CASE WHEN $4 > 0 THEN secret_hash END,
           previous_until = CASE WHEN $4 > 0 THEN now() + make_interval(secs => $4) END,
           secret_hash = $3, rotated_at = now()
       WHERE id = $1 AND user_id = $2 AND expires_at > now() RETURNING ${columns}`,
      [id, userId, secretHash, overlapSeconds],
    );
  }

  /** False when the user has no such key. */
  async delete(id: string, userId: string): Promise<boolean> {
    const row = await this.database.row(
      'DELETE FROM api_keys WHERE id = $1 AND user_id = $2 RETURNING id',
      [id, userId],
    );
    return row !== undefined;
  }

  /** Makes requests that add keys to one user wait for each other until the transaction ends. */
  lock(userId: string): Promise<void> {
    return this.database.lock(`api-keys:${userId}`);
  }

  /** Adds up what several keys were used. */
  async addUses(uses: ReadonlyMap<string, Uses>): Promise<void> {
    await this.database.rows(
      `UPDATE api_keys SET use_count = use_count + uses.count,
              last_used_at = greatest(last_used_at, uses.last)
       FROM unnest($1::uuid[], $2::int[], $3::timestamptz[]) AS uses (id, count, last)
       WHERE api_keys.id = uses.id`,
      [
        [...uses.keys()],
        [...uses.values()].map(({ count }) => count),
        [...uses.values()].map(({ last }) => last),
      ],
    );
  }
}

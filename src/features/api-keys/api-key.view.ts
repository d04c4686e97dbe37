import { ApiProperty } from '@nestjs/swagger';

import type { ApiKeyRow } from './api-keys.repository.js';

/** An API key, without what makes it a key. */
export class ApiKeyView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  id: string;
  /** @example "Nightly report" */
  @ApiProperty({ maxLength: 100 })
  name: string;
  /** @example ["users.read"] */
  @ApiProperty({ maxItems: 100, type: [String], maxLength: 60, pattern: '^[a-z_.]+$' })
  scopes: string[];
  /** Quota of its own; null when only the limit `api-key` counts. */
  @ApiProperty({ minimum: 1, maximum: 1_000_000, type: 'integer' })
  requestsPerMinute: number | null;
  createdAt: Date;
  expiresAt: Date;
  /** When it got the secret that it has. */
  rotatedAt: Date | null;
  /** The key from before the last rotation works until then. */
  previousUntil: Date | null;
  /** A few seconds late. */
  lastUsedAt: Date | null;
  /** A few seconds late. */
  @ApiProperty({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, type: 'integer', format: 'int64' })
  useCount: number;

  static of({ userId: _, ...row }: ApiKeyRow): ApiKeyView {
    return Object.assign(new ApiKeyView(), {
      id: row.id,
      name: row.name,
      scopes: row.scopes,
      requestsPerMinute: row.requestsPerMinute,
      createdAt: row.createdAt,
      expiresAt: row.expiresAt,
      rotatedAt: row.rotatedAt,
      previousUntil: row.previousUntil,
      lastUsedAt: row.lastUsedAt,
      useCount: row.useCount,
    });
  }
}

/** An API key at the only time when it can be read. */
export class NewApiKeyView extends ApiKeyView {
  /**
   * Keep it: it is not shown again. Sent as `Authorization: ApiKey <key>` or `X-API-Key`.
   * @example "gh_0019XIKKVfSaiIeVnx0Ozo_NXZQPhMmEtLNRKZcqDWAypPTiKNJKUQPZsbFEQfZbSw1ZQcMP"
   */
  @ApiProperty({ maxLength: 75, pattern: '^gh_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}$' })
  key: string;

  static with(row: ApiKeyRow, key: string): NewApiKeyView {
    return Object.assign(new NewApiKeyView(), ApiKeyView.of(row), { key });
  }
}

export class ApiKeyListView {
  @ApiProperty({ maxItems: 1_000 })
  items: ApiKeyView[];
}

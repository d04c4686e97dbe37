import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import type { SigningAlgorithm } from './signing-key.js';

export interface SigningKeyRow {
  id: string;
  algorithm: SigningAlgorithm;
  privateSealed: Buffer;
}

/** All SQL of the tokens feature. */
@Injectable()
export class SigningKeysRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  all(): Promise<SigningKeyRow[]> {
    return this.database.rows(
      `SELECT id, algorithm, private_sealed AS "privateSealed"
       FROM signing_keys ORDER BY created_at DESC, id`,
    );
  }

  async insert(row: SigningKeyRow, publicJwk: object): Promise<void> {
    await this.database.rows(
      `INSERT INTO signing_keys (id, algorithm, public_jwk, private_sealed) VALUES ($1, $2, $3, $4)`,
      [row.id, row.algorithm, JSON.stringify(publicJwk), row.privateSealed],
    );
  }

  /** Makes instances that start together wait for each other until the transaction ends. */
  lock(): Promise<void> {
    return this.database.lock('signing-keys');
  }
}

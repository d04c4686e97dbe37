import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import type { KeySchedule } from './key-set.js';
import type { SigningAlgorithm } from './signing-key.js';

/** Times are the database's, which all instances share, told as distances from now. */
export interface SigningKeyRow extends KeySchedule {
  id: string;
  algorithm: SigningAlgorithm;
  privateSealed: Buffer;
  createdAt: Date;
  signsFrom: Date;
  /** Longest life of a token that it may have signed. */
  longestTokenSeconds: number;
}

export interface NewSigningKey {
  id: string;
  algorithm: SigningAlgorithm;
  publicJwk: object;
  privateSealed: Buffer;
  longestTokenSeconds: number;
  signsInSeconds: number;
}

/** After its last token a key still verifies for this long: clocks differ, and work takes time. */
const leewaySeconds = 60;

/** Clock of this statement: `now()` stands still in a transaction, also while it waits for a lock. */
const now = 'clock_timestamp()';

/** When the last token of a key is over, given that the next one signs after it. */
const lastTokenOver = `lead(signs_from) OVER (ORDER BY generation)
  + make_interval(secs => longest_token_seconds + ${leewaySeconds})`;

/** All SQL of the tokens feature. */
@Injectable()
export class SigningKeysRepository {
  constructor(private readonly database: Database) {}

  /** Newest generation first. */
  all(): Promise<SigningKeyRow[]> {
    return this.database.rows(
      `SELECT id, algorithm, private_sealed AS "privateSealed", created_at AS "createdAt",
              signs_from AS "signsFrom", longest_token_seconds AS "longestTokenSeconds",
              extract(epoch FROM signs_from - ${now})::float8 AS "signsInSeconds",
              extract(epoch FROM ${lastTokenOver} - ${now})::float8 AS "verifiesForSeconds"
       FROM signing_keys ORDER BY generation DESC`,
    );
  }

  /** Makes the next generation. */
  async insert(key: NewSigningKey): Promise<void> {
    await this.database.rows(
      `INSERT INTO signing_keys (id, algorithm, public_jwk, private_sealed, longest_token_seconds,
                                 signs_from, generation)
       VALUES ($1, $2, $3, $4, $5, ${now} + make_interval(secs => $6),
               (SELECT coalesce(max(generation), 0) + 1 FROM signing_keys))`,
      [
        key.id,
        key.algorithm,
        JSON.stringify(key.publicJwk),
        key.privateSealed,
        key.longestTokenSeconds,
        key.signsInSeconds,
      ],
    );
  }

  /** Has keys that are to sign later than in `leadSeconds` sign then; gives their ids. */
  async signWithin(leadSeconds: number): Promise<string[]> {
    const rows = await this.database.rows<{ id: string }>(
      `UPDATE signing_keys SET signs_from = ${now} + make_interval(secs => $1)
       WHERE signs_from > ${now} + make_interval(secs => $1) RETURNING id`,
      [leadSeconds],
    );
    return rows.map(({ id }) => id);
  }

  /** Notes that tokens may live longer than was known. */
  async raiseLongestToken(id: string, seconds: number): Promise<void> {
    await this.database.rows(
      `UPDATE signing_keys SET longest_token_seconds = $2
       WHERE id = $1 AND longest_token_seconds < $2`,
      [id, seconds],
    );
  }

  /** False when there was no such key. */
  async delete(id: string): Promise<boolean> {
    const row = await this.database.row('DELETE FROM signing_keys WHERE id = $1 RETURNING id', [
      id,
    ]);
    return row !== undefined;
  }

  /** Makes instances that change keys wait for each other until the transaction ends. */
  lock(): Promise<void> {
    return this.database.lock('signing-keys');
  }
}

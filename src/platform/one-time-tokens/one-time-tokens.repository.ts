import { Injectable } from '@nestjs/common';

import { Database } from '../database/database.js';

export interface StoredToken {
  /** Whom the token was made for; null when nobody has an account yet. */
  userId: string | null;
  data: object;
}

export interface NewToken extends StoredToken {
  hash: Buffer;
  purpose: string;
  lifeSeconds: number;
}

/** All SQL about tokens that work once. Times are the database's, which all instances share. */
@Injectable()
export class OneTimeTokensRepository {
  constructor(private readonly database: Database) {}

  /** Takes the place of the user's older token for this purpose; of many at once one stays. */
  async put({ hash, purpose, userId, data, lifeSeconds }: NewToken): Promise<void> {
    await this.database.rows(
      `INSERT INTO one_time_tokens (token_hash, purpose, user_id, data, expires_at)
       VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))
       ON CONFLICT (user_id, purpose) DO UPDATE
       SET token_hash = excluded.token_hash, data = excluded.data, created_at = now(),
           expires_at = excluded.expires_at`,
      [hash, purpose, userId, JSON.stringify(data), lifeSeconds],
    );
  }

  find(hash: Buffer, purpose: string): Promise<StoredToken | undefined> {
    return this.database.row(
      `SELECT user_id AS "userId", data FROM one_time_tokens
       WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()`,
      [hash, purpose],
    );
  }

  /** Takes a token that is still good; of many at once one gets it. */
  take(hash: Buffer, purpose: string): Promise<StoredToken | undefined> {
    return this.database.row(
      `DELETE FROM one_time_tokens
       WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()
       RETURNING user_id AS "userId", data`,
      [hash, purpose],
    );
  }

  async deleteOf(purpose: string, userId?: string): Promise<void> {
    await this.database.rows(
      'DELETE FROM one_time_tokens WHERE purpose = $1 AND ($2::uuid IS NULL OR user_id = $2)',
      [purpose, userId ?? null],
    );
  }

  async deleteAllOf(userId: string): Promise<void> {
    await this.database.rows('DELETE FROM one_time_tokens WHERE user_id = $1', [userId]);
  }

  async deleteExpired(): Promise<void> {
    await this.database.rows('DELETE FROM one_time_tokens WHERE expires_at <= now()');
  }
}

import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

export interface Challenge {
  userId: string;
  passwordState: Buffer;
}

/** Sign-ins that wait for the second factor. */
@Injectable()
export class MfaChallengesRepository {
  constructor(private readonly database: Database) {}

  async add(
    tokenHash: Buffer,
    { userId, passwordState }: Challenge,
    seconds: number,
  ): Promise<void> {
    await this.database.rows(
      `INSERT INTO mfa_challenges (token_hash, user_id, password_state, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
      [tokenHash, userId, passwordState, seconds],
    );
  }

  find(tokenHash: Buffer): Promise<Challenge | undefined> {
    return this.database.row(
      `SELECT user_id AS "userId", password_state AS "passwordState"
       FROM mfa_challenges WHERE token_hash = $1 AND expires_at > now()`,
      [tokenHash],
    );
  }

  /** Takes a challenge that is still good; of many at once one gets it. */
  async spend(tokenHash: Buffer): Promise<boolean> {
    const row = await this.database.row(
      'DELETE FROM mfa_challenges WHERE token_hash = $1 AND expires_at > now() RETURNING 1',
      [tokenHash],
    );
    return row !== undefined;
  }

  /** Removes challenges that are over, some at a time; gives the number. */
  async deleteExpired(batch: number): Promise<number> {
    const rows = await this.database.rows(
      `DELETE FROM mfa_challenges WHERE token_hash IN (
         SELECT token_hash FROM mfa_challenges WHERE expires_at <= now()
         ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING 1`,
      [batch],
    );
    return rows.length;
  }
}

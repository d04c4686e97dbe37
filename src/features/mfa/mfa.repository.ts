import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

/** An enrolment that is not confirmed in this time must be begun anew. */
const pendingSeconds = 900;

/** All SQL of the second factors. */
@Injectable()
export class MfaRepository {
  constructor(private readonly database: Database) {}

  /** Begins an enrolment, anew if need be; false when a factor is confirmed already. */
  async begin(userId: string, secretSealed: Buffer): Promise<boolean> {
    const row = await this.database.row(
      `INSERT INTO totp_secrets AS t (user_id, secret_sealed) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE
       SET secret_sealed = excluded.secret_sealed, created_at = now()
       WHERE t.confirmed_at IS NULL
       RETURNING 1`,
      [userId, secretSealed],
    );
    return row !== undefined;
  }

  async pendingSecret(userId: string): Promise<Buffer | null> {
    const row = await this.database.row<{ secret: Buffer }>(
      `SELECT secret_sealed AS secret FROM totp_secrets
       WHERE user_id = $1 AND confirmed_at IS NULL
         AND created_at > now() - make_interval(secs => $2)`,
      [userId, pendingSeconds],
    );
    return row?.secret ?? null;
  }

  /** Confirms just the enrolment whose code was shown; of many parallel tries one does it. */
  async confirm(userId: string, secretSealed: Buffer, step: number): Promise<boolean> {
    const row = await this.database.row(
      `UPDATE totp_secrets SET confirmed_at = now(), last_step = $3
       WHERE user_id = $1 AND secret_sealed = $2 AND confirmed_at IS NULL
       RETURNING 1`,
      [userId, secretSealed, step],
    );
    return row !== undefined;
  }

  async secret(userId: string): Promise<Buffer | null> {
    const row = await this.database.row<{ secret: Buffer }>(
      `SELECT secret_sealed AS secret FROM totp_secrets
       WHERE user_id = $1 AND confirmed_at IS NOT NULL`,
      [userId],
    );
    return row?.secret ?? null;
  }

  /** Spends a time step and all before it; of many parallel tries one succeeds. */
  async spendStep(userId: string, step: number): Promise<boolean> {
    const row = await this.database.row(
      `UPDATE totp_secrets SET last_step = $2
       WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2 RETURNING 1`,
      [userId, step],
    );
    return row !== undefined;
  }

  /** Removes the factor, and its recovery codes with it. */
  async remove(userId: string): Promise<boolean> {
    const row = await this.database.row<{ confirmed: boolean }>(
      `DELETE FROM totp_secrets WHERE user_id = $1
       RETURNING confirmed_at IS NOT NULL AS confirmed`,
      [userId],
    );
    await this.database.rows('DELETE FROM recovery_codes WHERE user_id = $1', [userId]);
    return row?.confirmed ?? false;
  }

  async replaceRecoveryCodes(userId: string, hashes: readonly Buffer[]): Promise<void> {
    await this.database.rows('DELETE FROM recovery_codes WHERE user_id = $1', [userId]);
    await this.database.rows(
      'INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])',
      [userId, hashes],
    );
  }

  async hasRecoveryCode(userId: string, hash: Buffer): Promise<boolean> {
    const row = await this.database.row(
      'SELECT 1 FROM recovery_codes WHERE user_id = $1 AND code_hash = $2',
      [userId, hash],
    );
    return row !== undefined;
  }

  async spendRecoveryCode(userId: string, hash: Buffer): Promise<boolean> {
    const row = await this.database.row(
      'DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING 1',
      [userId, hash],
    );
    return row !== undefined;
  }

  async state(userId: string): Promise<{ enrolled: boolean; recoveryCodesLeft: number }> {
    const row = await this.database.row<{ enrolled: boolean; recoveryCodesLeft: number }>(
      `SELECT EXISTS (SELECT FROM totp_secrets
                      WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS enrolled,
              (SELECT count(*)::int FROM recovery_codes
               WHERE user_id = $1) AS "recoveryCodesLeft"`,
      [userId],
    );
    return row!;
  }
}

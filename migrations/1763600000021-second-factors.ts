import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SecondFactors1763600000021 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // A short password is good only beside a second factor, whoever changes which of them first.
    await runner.query(`
      ALTER TABLE users
        ADD COLUMN second_factor boolean NOT NULL DEFAULT false,
        ADD COLUMN password_short boolean NOT NULL DEFAULT false,
        ADD CONSTRAINT users_short_password_has_second_factor
          CHECK (second_factor OR NOT password_short)`);
    await runner.query(`
      CREATE TABLE totp_secrets (
        user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
        secret_sealed bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        confirmed_at timestamptz,
        last_step bigint NOT NULL DEFAULT 0
      )`);
    await runner.query(`
      CREATE TABLE recovery_codes (
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        code_hash bytea NOT NULL,
        PRIMARY KEY (user_id, code_hash)
      )`);
    await runner.query(`
      CREATE TABLE mfa_challenges (
        token_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        password_state bytea NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX mfa_challenges_by_user ON mfa_challenges (user_id)');
    await runner.query('CREATE INDEX mfa_challenges_by_end ON mfa_challenges (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mfa_challenges');
    await runner.query('DROP TABLE recovery_codes');
    await runner.query('DROP TABLE totp_secrets');
    await runner.query('ALTER TABLE users DROP COLUMN password_short, DROP COLUMN second_factor');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OneTimeTokens1763600000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Tokens without an owner do not replace one another: NULLs are distinct.
    await runner.query(`
      CREATE TABLE one_time_tokens (
        token_hash bytea PRIMARY KEY,
        purpose text NOT NULL,
        user_id uuid REFERENCES users (id) ON DELETE CASCADE,
        data jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        CONSTRAINT one_time_tokens_one_for_each UNIQUE (user_id, purpose)
      )`);
    await runner.query('CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at)');
    await runner.query(`
      INSERT INTO one_time_tokens (token_hash, purpose, created_at, expires_at)
      SELECT token_hash, 'setup', created_at, expires_at FROM setup_links`);
    await runner.query('DROP TABLE setup_links');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE setup_links (
        token_hash bytea PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(`
      INSERT INTO setup_links (token_hash, created_at, expires_at)
      SELECT token_hash, created_at, expires_at FROM one_time_tokens WHERE purpose = 'setup'`);
    await runner.query('DROP TABLE one_time_tokens');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ApiKeys1763600000031 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The key itself is shown once and kept by its hash. After a rotation the key before works
    // until `previous_until`.
    await runner.query(`
      CREATE TABLE api_keys (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name text NOT NULL,
        scopes text[] NOT NULL,
        secret_hash bytea NOT NULL,
        previous_hash bytea,
        previous_until timestamptz,
        requests_per_minute integer,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        rotated_at timestamptz,
        last_used_at timestamptz,
        use_count bigint NOT NULL DEFAULT 0
      )`);
    await runner.query('CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE api_keys');
  }
}

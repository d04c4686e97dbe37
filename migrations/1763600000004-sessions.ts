import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Sessions1763600000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // A session that ends is deleted; what happened to it is in the audit trail. A refresh token
    // is `family . secret`: the family finds the session, the secret must be the current one. The
    // successor is sealed with a key made from the secret it replaced, for the grace period.
    await runner.query(`
      CREATE TABLE sessions (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        family_hash bytea NOT NULL CONSTRAINT sessions_family_unique UNIQUE,
        secret_hash bytea NOT NULL,
        previous_hash bytea,
        generation integer NOT NULL DEFAULT 0,
        rotated_at timestamptz NOT NULL DEFAULT now(),
        successor_sealed bytea,
        address inet,
        user_agent text,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz NOT NULL DEFAULT now(),
        idle_expires_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX sessions_by_user ON sessions (user_id, created_at)');
    await runner.query('CREATE INDEX sessions_by_idle_expiry ON sessions (idle_expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sessions');
  }
}

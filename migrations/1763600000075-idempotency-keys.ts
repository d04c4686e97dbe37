import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Answers to requests that may be repeated, for a day: who asked and the key as keyed hashes, the
 * answer sealed. `done` commits with the change that it speaks of.
 */
export class IdempotencyKeys1763600000075 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotency_keys (
        scope bytea NOT NULL,
        key_hash bytea NOT NULL,
        user_id uuid REFERENCES users (id) ON DELETE CASCADE,
        fingerprint bytea NOT NULL,
        holder uuid NOT NULL,
        leased_until timestamptz NOT NULL,
        done boolean NOT NULL DEFAULT false,
        answer bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (scope, key_hash)
      )`);
    await runner.query('CREATE INDEX idempotency_keys_by_user ON idempotency_keys (user_id)');
    await runner.query(
      'CREATE INDEX idempotency_keys_by_age ON idempotency_keys (scope, created_at)',
    );
    await runner.query('CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_keys');
  }
}

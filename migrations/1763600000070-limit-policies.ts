import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What administrators changed of rate limits; null is what the release says. */
export class LimitPolicies1763600000070 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE limit_policies (
        name text PRIMARY KEY,
        quota integer CHECK (quota > 0),
        window_seconds integer CHECK (window_seconds > 0),
        algorithm text,
        burst integer CHECK (burst > 0),
        changed_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE limit_policies');
  }
}

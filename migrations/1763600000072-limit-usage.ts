import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many requests limits let through and refused, by policy and route (a minute each, after two
 * days an hour) and by policy and caller (an hour each). The other one is empty.
 */
export class LimitUsage1763600000072 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE limit_usage (
        bucket timestamptz NOT NULL,
        policy text COLLATE "C" NOT NULL,
        route text COLLATE "C" NOT NULL,
        caller text COLLATE "C" NOT NULL,
        user_id uuid REFERENCES users (id) ON DELETE CASCADE,
        allowed bigint NOT NULL,
        refused bigint NOT NULL,
        PRIMARY KEY (bucket, policy, route, caller)
      )`);
    await runner.query(
      'CREATE INDEX limit_usage_by_user ON limit_usage (user_id) WHERE user_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE limit_usage');
  }
}

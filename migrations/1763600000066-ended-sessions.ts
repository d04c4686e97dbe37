import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Sessions that were ended while they live in Redis, until they would have been over anyway. Redis
 * that comes back with data of before must not bring them to life again.
 */
export class EndedSessions1763600000066 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ended_sessions (
        session_id uuid PRIMARY KEY,
        until timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX ended_sessions_by_time ON ended_sessions (until)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE ended_sessions');
  }
}

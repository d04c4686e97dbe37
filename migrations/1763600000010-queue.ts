import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The schema of the job queue and what the service may do in it. The tables in it are made by
 * graphile-worker, after our migrations.
 */
export class Queue1763600000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE SCHEMA graphile_worker');
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          GRANT USAGE ON SCHEMA graphile_worker TO gatehouse_service;
          ALTER DEFAULT PRIVILEGES IN SCHEMA graphile_worker
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO gatehouse_service;
          ALTER DEFAULT PRIVILEGES IN SCHEMA graphile_worker
            GRANT USAGE ON SEQUENCES TO gatehouse_service;
        END IF;
      END $$`);
  }

  /** With the jobs in it, and the default rights. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA graphile_worker CASCADE');
  }
}

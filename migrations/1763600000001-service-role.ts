import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The role the service works with: it may read and write rows of the tables that later
 * migrations create, and nothing else (no DDL). Later migrations take away what a table must not
 * allow. Where the connection may not create roles, the service keeps the rights of its login.
 */
export class ServiceRole1763600000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        CREATE ROLE gatehouse_service NOLOGIN;
      EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
      END $$`);
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          GRANT USAGE ON SCHEMA public TO gatehouse_service;
          ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO gatehouse_service;
          ALTER DEFAULT PRIVILEGES IN SCHEMA public
            GRANT USAGE ON SEQUENCES TO gatehouse_service;
          BEGIN
            EXECUTE format('GRANT gatehouse_service TO %I', current_user);
          EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN NULL;
          END;
        END IF;
      END $$`);
  }

  /** The role itself stays: it belongs to the whole cluster, and other databases may use it. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          ALTER DEFAULT PRIVILEGES IN SCHEMA public
            REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM gatehouse_service;
          ALTER DEFAULT PRIVILEGES IN SCHEMA public
            REVOKE USAGE ON SEQUENCES FROM gatehouse_service;
          REVOKE USAGE ON SCHEMA public FROM gatehouse_service;
        END IF;
      END $$`);
  }
}

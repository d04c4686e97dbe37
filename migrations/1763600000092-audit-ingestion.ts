import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events of other services: each is taken once, and looks as its source promised. */
export class AuditIngestion1763600000092 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_ingested (
        -- Whose key sent it: nobody can take the ids of another sender beforehand.
        sender_id uuid NOT NULL,
        source text NOT NULL,
        external_id text NOT NULL,
        event_id uuid NOT NULL,
        PRIMARY KEY (sender_id, source, external_id)
      )`);
    await runner.query(`
      CREATE TABLE audit_sources (
        name text PRIMARY KEY,
        schema jsonb NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          REVOKE UPDATE, DELETE ON audit_ingested FROM gatehouse_service;
        END IF;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_ingested, audit_sources');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long the trail is kept, what must not be removed, and who else has seen its checkpoints. */
export class AuditKeeping1763600000095 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_archives (
        first_index bigint PRIMARY KEY CHECK (first_index >= 0),
        end_index bigint NOT NULL CHECK (end_index > first_index),
        manifest_hash bytea NOT NULL CHECK (length(manifest_hash) = 32),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    // A way to find the events that say what was removed; by itself it proves nothing.
    await runner.query(`
      CREATE TABLE audit_prunings (
        first_index bigint NOT NULL CHECK (first_index >= 0),
        last_index bigint NOT NULL CHECK (last_index >= first_index),
        event_id uuid NOT NULL,
        PRIMARY KEY (first_index, last_index, event_id)
      )`);
    await runner.query(`
      CREATE TABLE audit_holds (
        id uuid PRIMARY KEY,
        user_id uuid,
        category text,
        starts_at timestamptz,
        ends_at timestamptz,
        reason text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK (num_nonnulls(user_id, category, starts_at, ends_at) > 0)
      )`);
    await runner.query(`
      CREATE TABLE audit_cosignatures (
        size bigint NOT NULL,
        witness text NOT NULL,
        line text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (size, witness)
      )`);
    for (const table of ['audit_archives', 'audit_prunings']) {
      await runner.query(`
        CREATE TRIGGER ${table}_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ${table}
          FOR EACH STATEMENT EXECUTE FUNCTION audit_events_are_final()`);
    }
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          REVOKE UPDATE, DELETE ON audit_archives, audit_prunings FROM gatehouse_service;
          REVOKE UPDATE ON audit_holds, audit_cosignatures FROM gatehouse_service;
          REVOKE DELETE ON audit_cosignatures FROM gatehouse_service;
        END IF;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['cosignatures', 'holds', 'prunings', 'archives']) {
      await runner.query(`DROP TABLE audit_${table}`);
    }
  }
}

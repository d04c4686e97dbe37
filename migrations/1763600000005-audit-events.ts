import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AuditEvents1763600000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No foreign keys: an event outlives what it speaks of.
    await runner.query(`
      CREATE TABLE audit_events (
        id uuid PRIMARY KEY,
        occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        action text NOT NULL,
        category text NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('success', 'failure')),
        actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'anonymous', 'system', 'operator')),
        actor_id uuid,
        target_kind text,
        target_id text,
        address inet,
        user_agent text,
        request_id text NOT NULL,
        payload jsonb NOT NULL
      )`);
    await runner.query('CREATE INDEX audit_events_by_time ON audit_events (occurred_at, id)');
    await runner.query(
      'CREATE INDEX audit_events_by_actor ON audit_events (actor_id, occurred_at)',
    );
    await runner.query(
      'CREATE INDEX audit_events_by_target ON audit_events (target_id, occurred_at)',
    );
    // The service may add events and read them; not even a bug of ours can change one.
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          REVOKE UPDATE, DELETE ON audit_events FROM gatehouse_service;
        END IF;
      END $$`);
    await runner.query(`
      CREATE FUNCTION audit_events_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'audit events are final' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await runner.query(`
      CREATE TRIGGER audit_events_are_final
        BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION audit_events_are_final()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_events');
    await runner.query('DROP FUNCTION audit_events_are_final()');
  }
}

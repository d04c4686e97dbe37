import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An API key acts for its owner, so `actor_id` alone leaves open which of their keys did it, or
 * whether they did it themselves.
 */
export class AuditCredential1763600000065 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_events ADD api_key_id uuid');
    // Partial: what people do themselves costs no entry.
    await runner.query(
      `CREATE INDEX audit_events_by_api_key ON audit_events (api_key_id, occurred_at)
       WHERE api_key_id IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_events DROP api_key_id');
  }
}

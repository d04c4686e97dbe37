import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Addresses in the order of time: which ones a day saw, and the events of a large network without
 * sorting all of them. Ids grow, so that the index does so at its end only.
 */
export class AuditAddressesByEvent1763600000091 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX audit_addresses_of_event ON audit_addresses (event_id) INCLUDE (address)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX audit_addresses_of_event');
  }
}

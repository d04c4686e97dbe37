import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How many of the mails that anybody can cause an address was sent lately, by a keyed hash of kind
 * and address: until when they count, each for its share of an hour.
 */
export class MailBounds1763600000060 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE mail_bounds (
        recipient bytea PRIMARY KEY,
        used_until timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX mail_bounds_by_end ON mail_bounds (used_until)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE mail_bounds');
  }
}

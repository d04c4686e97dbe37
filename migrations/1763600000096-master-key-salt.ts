import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a master key is derived with when it comes from a passphrase; no secret. */
export class MasterKeySalt1763600000096 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE master_key_salt (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        salt bytea NOT NULL CHECK (length(salt) >= 16),
        iterations integer NOT NULL CHECK (iterations >= 600000),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          REVOKE UPDATE, DELETE ON master_key_salt FROM gatehouse_service;
        END IF;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE master_key_salt');
  }
}

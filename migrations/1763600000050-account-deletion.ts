import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AccountDeletion1763600000050 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN deletion_due_at timestamptz');
    await runner.query('ALTER TABLE users DROP CONSTRAINT users_status_known');
    await runner.query(`
      ALTER TABLE users
        ADD CONSTRAINT users_status_known CHECK (status IN ('active', 'disabled', 'deleted')),
        ADD CONSTRAINT users_deletion_due CHECK ((status = 'deleted') = (deletion_due_at IS NOT NULL))`);
    await runner.query(`
      CREATE INDEX users_by_deletion ON users (deletion_due_at) WHERE deletion_due_at IS NOT NULL`);
  }

  /** Who was to be deleted is disabled: nobody comes back to life by a step back. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP CONSTRAINT users_status_known');
    await runner.query('ALTER TABLE users DROP CONSTRAINT users_deletion_due');
    await runner.query(`UPDATE users SET status = 'disabled' WHERE status = 'deleted'`);
    await runner.query(`
      ALTER TABLE users
        ADD CONSTRAINT users_status_known CHECK (status IN ('active', 'disabled'))`);
    await runner.query('ALTER TABLE users DROP COLUMN deletion_due_at');
  }
}

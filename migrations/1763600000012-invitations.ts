import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Invitations1763600000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // An invitation that is accepted, withdrawn or over is deleted; the audit trail keeps it.
    await runner.query(`
      CREATE TABLE invitations (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        email_key text NOT NULL CONSTRAINT invitations_email_unique UNIQUE,
        roles text[] NOT NULL,
        invited_by uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL
      )`);
    await runner.query('CREATE INDEX invitations_by_inviter ON invitations (invited_by)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE invitations');
  }
}

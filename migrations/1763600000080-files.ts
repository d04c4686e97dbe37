import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Files that users upload. A row is there before the first byte is stored, and a deleted row, also
 * one that goes with its user, leaves a note to remove what is stored: no content is without one
 * of the two.
 */
export class Files1763600000080 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE files (
        id uuid PRIMARY KEY,
        owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        status text NOT NULL CHECK (status IN ('receiving', 'scanning', 'clean', 'infected')),
        name text NOT NULL,
        type text NOT NULL,
        size bigint NOT NULL CHECK (size >= 0),
        sha256 bytea,
        sealed_key bytea,
        scanned_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        CHECK (status IN ('receiving', 'infected') OR (sha256 IS NOT NULL AND sealed_key IS NOT NULL))
      )`);
    await runner.query('CREATE INDEX files_by_owner ON files (owner_id, id)');
    await runner.query(
      `CREATE INDEX files_unfinished ON files (created_at) WHERE status IN ('receiving', 'scanning')`,
    );
    await runner.query(`
      CREATE TABLE file_removals (
        file_id uuid PRIMARY KEY,
        since timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE FUNCTION note_file_removal() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO file_removals (file_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER files_removal AFTER DELETE ON files
      FOR EACH ROW EXECUTE FUNCTION note_file_removal()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE files');
    await runner.query('DROP FUNCTION note_file_removal');
    await runner.query('DROP TABLE file_removals');
  }
}

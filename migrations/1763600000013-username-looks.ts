import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Names that look alike are one (as skeletons in Unicode TR 39, for the ASCII that names are made
 * of): 1, i and l; 0 and o; rn and m; vv and w. The database computes it, whoever writes the name.
 */
export class UsernameLooks1763600000013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE users ADD COLUMN username_looks text NOT NULL GENERATED ALWAYS AS (
        replace(replace(translate(username_key, '1i0', 'llo'), 'rn', 'm'), 'vv', 'w')
      ) STORED`);
    await runner.query(
      'ALTER TABLE users ADD CONSTRAINT users_username_looks_unique UNIQUE (username_looks)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP COLUMN username_looks');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Keys sign one after the other, in the order of `generation`: each from `signs_from` until the
 * next one does. Being unique, a generation cannot be made by two instances at once.
 */
export class SigningKeyRotation1763600000030 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE signing_keys
        ADD generation integer,
        ADD signs_from timestamptz,
        ADD longest_token_seconds integer NOT NULL DEFAULT 86400`); // the most that was ever allowed
    await runner.query(`
      UPDATE signing_keys SET signs_from = created_at, generation = numbered.generation
      FROM (SELECT id, row_number() OVER (ORDER BY created_at, id) AS generation FROM signing_keys)
        AS numbered
      WHERE signing_keys.id = numbered.id`);
    await runner.query(`
      ALTER TABLE signing_keys
        ALTER generation SET NOT NULL,
        ALTER signs_from SET NOT NULL,
        ALTER longest_token_seconds DROP DEFAULT,
        ADD CONSTRAINT signing_keys_one_successor UNIQUE (generation)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE signing_keys
        DROP generation, DROP signs_from, DROP longest_token_seconds`);
  }
}

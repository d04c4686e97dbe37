import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who went on after being refused, and until when they are blocked. Rows stay a day longer: the next
 * block is twice as long, and other instances learn from them that a block was lifted.
 */
export class LimitBlocks1763600000071 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE limit_blocks (
        kind text NOT NULL CHECK (kind IN ('network', 'user', 'api-key')),
        id text COLLATE "C" NOT NULL,
        user_id uuid REFERENCES users (id) ON DELETE CASCADE,
        policy text NOT NULL,
        times integer NOT NULL,
        blocked_at timestamptz NOT NULL DEFAULT now(),
        blocked_until timestamptz NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (kind, id)
      )`);
    await runner.query('CREATE INDEX limit_blocks_by_change ON limit_blocks (changed_at)');
    await runner.query('CREATE INDEX limit_blocks_by_end ON limit_blocks (blocked_until)');
    await runner.query('CREATE INDEX limit_blocks_by_user ON limit_blocks (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE limit_blocks');
  }
}

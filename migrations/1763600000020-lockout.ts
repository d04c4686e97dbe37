import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Failed proofs of identity, by keyed hashes of what was claimed and from where, and the devices
 * that users signed in from. Neither table says whose account is meant without the key.
 */
export class Lockout1763600000020 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE failed_attempts (
        name bytea NOT NULL,
        place bytea NOT NULL,
        failures integer NOT NULL,
        last_failed_at timestamptz NOT NULL,
        locked_until timestamptz NOT NULL,
        PRIMARY KEY (name, place)
      )`);
    await runner.query('CREATE INDEX failed_attempts_by_age ON failed_attempts (last_failed_at)');
    await runner.query(`
      CREATE TABLE known_devices (
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        device bytea NOT NULL,
        first_seen_at timestamptz NOT NULL DEFAULT now(),
        last_seen_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, device)
      )`);
    await runner.query('CREATE INDEX known_devices_by_age ON known_devices (last_seen_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE known_devices');
    await runner.query('DROP TABLE failed_attempts');
  }
}

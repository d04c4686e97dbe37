import type { MigrationInterface, QueryRunner } from 'typeorm';

export class UsersAndRoles1763600000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The *_key columns hold the normalised form that must be unique; the others what was typed.
    await runner.query(`
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        email text NOT NULL,
        email_key text NOT NULL,
        username text NOT NULL,
        username_key text NOT NULL,
        display_name text,
        password_hash text,
        status text NOT NULL DEFAULT 'active',
        email_verified_at timestamptz,
        created_at timestamptz(3) NOT NULL DEFAULT now(), -- as precise as a cursor can say
        updated_at timestamptz NOT NULL DEFAULT now(),
        last_login_at timestamptz,
        CONSTRAINT users_email_unique UNIQUE (email_key),
        CONSTRAINT users_username_unique UNIQUE (username_key),
        CONSTRAINT users_status_known CHECK (status IN ('active', 'disabled'))
      )`);
    await runner.query('CREATE INDEX users_by_creation ON users (created_at, id)');
    await runner.query(`
      CREATE TABLE roles (
        name text PRIMARY KEY,
        description text NOT NULL,
        permissions text[] NOT NULL DEFAULT '{}',
        built_in boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE user_roles (
        user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        role_name text NOT NULL CONSTRAINT user_roles_role REFERENCES roles (name) ON DELETE RESTRICT,
        PRIMARY KEY (user_id, role_name)
      )`);
    await runner.query('CREATE INDEX user_roles_by_role ON user_roles (role_name, user_id)');
    // Permissions of built-in roles are in the catalogue, so that new ones need no migration.
    await runner.query(`
      INSERT INTO roles (name, description, built_in) VALUES
        ('admin', 'May do everything', true),
        ('auditor', 'May look at everything and change nothing', true),
        ('member', 'The default role: own profile and own sessions', true)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE user_roles');
    await runner.query('DROP TABLE roles');
    await runner.query('DROP TABLE users');
  }
}

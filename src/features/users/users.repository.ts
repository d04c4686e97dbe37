import { Injectable } from '@nestjs/common';

import { administratorRole } from '../../catalogue/permissions.js';
import { Database } from '../../platform/database/index.js';
import { User, type UserStatus } from './user.entity.js';
import { type Position, type SortOrder } from './users.query.js';

export interface UserFilter {
  search?: string;
  role?: string;
  status?: UserStatus;
}

export type NewUser = Pick<
  User,
  | 'id'
  | 'email'
  | 'emailKey'
  | 'username'
  | 'usernameKey'
  | 'displayName'
  | 'passwordHash'
  | 'emailVerifiedAt'
>;

/** A user to take over, with times as text. */
export type ImportedRow = Omit<NewUser, 'emailVerifiedAt'> &
  Pick<User, 'status' | 'roles'> & { emailVerifiedAt: string | null; createdAt: string };

/** A user as the entity has it, without the password hash; TypeORM would map each row anew. */
const columns = `id, email, email_key AS "emailKey", username, username_key AS "usernameKey",
  display_name AS "displayName", status, deletion_due_at AS "deletionDueAt",
  email_verified_at AS "emailVerifiedAt",
  created_at AS "createdAt", updated_at AS "updatedAt", last_login_at AS "lastLoginAt",
  (SELECT coalesce(json_agg(role_name ORDER BY role_name), '[]')
   FROM user_roles WHERE user_id = users.id) AS roles`;

const withCredentials = `SELECT ${columns}, password_hash AS "passwordHash",
  second_factor AS "secondFactor" FROM users`;

/** All SQL of the users feature. */
@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  byId(id: string): Promise<User | null> {
    return this.one(`SELECT ${columns} FROM users WHERE id = $1`, id);
  }

  /** With the password hash. */
  forSignIn(key: { emailKey: string } | { usernameKey: string }): Promise<User | null> {
    return 'emailKey' in key
      ? this.one(`${withCredentials} WHERE email_key = $1`, key.emailKey)
      : this.one(`${withCredentials} WHERE username_key = $1`, key.usernameKey);
  }

  /** With the password hash. */
  byIdForSignIn(id: string): Promise<User | null> {
    return this.one(`${withCredentials} WHERE id = $1`, id);
  }

  /** Holds the user until the transaction ends. */
  async lock(id: string): Promise<User | null> {
    await this.database.rows('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [id]);
    return this.byId(id);
  }

  async page(
    filter: UserFilter,
    order: SortOrder,
    after: Position | null,
    limit: number,
  ): Promise<User[]> {
    const direction = order.descending ? 'DESC' : 'ASC';
    const parameters: unknown[] = [];
    const parameter = (value: unknown): string => `$${parameters.push(value)}`;
    const conditions = ['true'];
    if (filter.status) conditions.push(`status = ${parameter(filter.status)}`);
    if (filter.role) {
      const role = parameter(filter.role);
      conditions.push(
        `EXISTS (SELECT FROM user_roles WHERE user_id = users.id AND role_name = ${role})`,
      );
    }
    if (filter.search) {
      const pattern = parameter(`%${filter.search.replace(/[\\%_]/g, '\\$&')}%`);
      conditions.push(
        `(email_key ILIKE ${pattern} OR username_key ILIKE ${pattern} OR display_name ILIKE ${pattern})`,
      );
    }
    if (after) {
      const position = `${parameter(after.value)}, ${parameter(after.id)}`;
      conditions.push(`(${order.column}, id) ${order.descending ? '<' : '>'} (${position})`);
    }
    return this.database.rows(
      `SELECT ${columns} FROM users WHERE ${conditions.join(' AND ')}
       ORDER BY ${order.column} ${direction}, id ${direction} LIMIT ${parameter(limit)}`,
      parameters,
    );
  }

  async insert(user: NewUser, roles: readonly string[]): Promise<void> {
    await this.database.manager.insert(User, { ...user, status: 'active' });
    await this.addRoles(user.id, roles);
  }

  /**
   * Inserts those whose address and username are free, with their roles; gives the ids of them.
   * Of equal rows in one call the first is taken.
   */
  async insertMany(rows: readonly ImportedRow[]): Promise<string[]> {
    const inserted = await this.database.rows<{ id: string }>(
      `INSERT INTO users (id, email, email_key, username, username_key, display_name,
                          password_hash, status, email_verified_at, created_at)
       SELECT id, email, "emailKey", username, "usernameKey", "displayName", "passwordHash",
              status, "emailVerifiedAt", "createdAt"
       FROM jsonb_to_recordset($1::jsonb) AS row (
         id uuid, email text, "emailKey" text, username text, "usernameKey" text,
         "displayName" text, "passwordHash" text, status text,
         "emailVerifiedAt" timestamptz, "createdAt" timestamptz)
       ORDER BY "emailKey" -- so that two imports at once do not wait for each other in a circle
       ON CONFLICT DO NOTHING RETURNING id`,
      [JSON.stringify(rows)],
    );
    const ids = inserted.map(({ id }) => id);
    await this.database.rows(
      `INSERT INTO user_roles (user_id, role_name)
       SELECT id, role FROM jsonb_to_recordset($1::jsonb) AS row (id uuid, roles text[]),
              unnest(roles) AS role
       WHERE id = ANY($2)`,
      [JSON.stringify(rows.map(({ id, roles }) => ({ id, roles }))), ids],
    );
    return ids;
  }

  /** Ids of those rows whose address and username both belong to one user already. */
  async present(rows: readonly ImportedRow[]): Promise<Set<string>> {
    if (rows.length === 0) return new Set();
    const found = await this.database.rows<{ id: string }>(
      `SELECT row.id FROM jsonb_to_recordset($1::jsonb)
         AS row (id uuid, "emailKey" text, "usernameKey" text)
       JOIN users ON email_key = "emailKey" AND username_key = "usernameKey"`,
      [JSON.stringify(rows)],
    );
    return new Set(found.map(({ id }) => id));
  }

  /** The next users in the order of their ids, with their password hashes. */
  afterId(id: string | null, limit: number): Promise<User[]> {
    return this.database.rows(
      `SELECT ${columns}, password_hash AS "passwordHash" FROM users
       WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`,
      [id, limit],
    );
  }

  /** Fields left undefined stay as they are. */
  async update(id: string, change: Partial<Pick<User, 'displayName'>>): Promise<void> {
    await this.database.manager.update(User, { id }, change);
  }

  /** @param graceDays time that a deleted account has before it is erased */
  async setStatus(id: string, status: UserStatus, graceDays: number): Promise<void> {
    await this.database.rows(
      `UPDATE users SET status = $2, updated_at = now(),
         deletion_due_at = CASE WHEN $2 = 'deleted' THEN now() + make_interval(days => $3) END
       WHERE id = $1`,
      [id, status, graceDays],
    );
  }

  /** Erases some of the deleted accounts whose time is over; gives their ids. */
  async eraseDue(batch: number): Promise<string[]> {
    const rows = await this.database.rows<{ id: string }>(
      `DELETE FROM users WHERE id IN (
         SELECT id FROM users WHERE deletion_due_at <= now()
         ORDER BY deletion_due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [batch],
    );
    return rows.map(({ id }) => id);
  }

  async replaceRoles(id: string, roles: readonly string[]): Promise<void> {
    await this.database.rows('DELETE FROM user_roles WHERE user_id = $1', [id]);
    await this.addRoles(id, roles);
  }

  /**
   * Marks a sign-in, unless the account was disabled, or got another password or a second factor
   * meanwhile; holds the user's row.
   */
  async markSignedIn(
    id: string,
    passwordHash: string | null,
    secondFactor: boolean,
  ): Promise<boolean> {
    const row = await this.database.row(
      `UPDATE users SET last_login_at = now()
       WHERE id = $1 AND status = 'active' AND password_hash IS NOT DISTINCT FROM $2
         AND second_factor = $3
       RETURNING id`,
      [id, passwordHash, secondFactor],
    );
    return row !== undefined;
  }

  async setSecondFactor(id: string, inPlace: boolean): Promise<void> {
    await this.database.rows('UPDATE users SET second_factor = $2 WHERE id = $1', [id, inPlace]);
  }

  /** With the password, if that is too short to stand alone; false when it went. */
  async dropSecondFactor(id: string): Promise<boolean> {
    const row = await this.database.row<{ stays: boolean }>(
      `UPDATE users SET second_factor = false, password_short = false,
              password_hash = CASE WHEN NOT password_short THEN password_hash END
       WHERE id = $1 RETURNING password_hash IS NOT NULL AS stays`,
      [id],
    );
    return row?.stays ?? false;
  }

  /** Replaces a hash unless it has changed since it was read. */
  async replaceHash(id: string, from: string, to: string): Promise<boolean> {
    const row = await this.database.row(
      'UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING id',
      [id, from, to],
    );
    return row !== undefined;
  }

  /** Of an active account; holds its row. */
  setPassword(id: string, hash: string, short: boolean): Promise<boolean> {
    return this.changed('password_hash = $2, password_short = $3', [id, hash, short]);
  }

  confirmEmail(id: string, emailKey: string): Promise<boolean> {
    return this.changed(
      'email_verified_at = coalesce(email_verified_at, now())',
      [id, emailKey],
      'email_key = $2',
    );
  }

  setEmail(id: string, email: { value: string; key: string }): Promise<boolean> {
    return this.changed('email = $2, email_key = $3, email_verified_at = now()', [
      id,
      email.value,
      email.key,
    ]);
  }

  /** Makes changes to who is an administrator wait for each other until the transaction ends. */
  lockAdministrators(): Promise<void> {
    return this.database.lock('administrators');
  }

  async hasActiveAdministrator(): Promise<boolean> {
    const row = await this.database.row(
      `SELECT 1 FROM users JOIN user_roles ON user_id = id
       WHERE role_name = $1 AND status = 'active' LIMIT 1`,
      [administratorRole],
    );
    return row !== undefined;
  }

  async administrators(): Promise<string[]> {
    const rows = await this.database.rows<{ id: string }>(
      'SELECT user_id AS id FROM user_roles WHERE role_name = $1',
      [administratorRole],
    );
    return rows.map(({ id }) => id);
  }

  /** Changes an active account; false when there is none. */
  private async changed(
    assignment: string,
    parameters: unknown[],
    condition = 'true',
  ): Promise<boolean> {
    const row = await this.database.row(
      `UPDATE users SET ${assignment}, updated_at = now()
       WHERE id = $1 AND status = 'active' AND ${condition} RETURNING id`,
      parameters,
    );
    return row !== undefined;
  }

  private async one(sql: string, parameter: string): Promise<User | null> {
    return (await this.database.row<User>(sql, [parameter])) ?? null;
  }

  private async addRoles(id: string, roles: readonly string[]): Promise<void> {
    await this.database.rows(
      'INSERT INTO user_roles (user_id, role_name) SELECT $1, unnest($2::text[])',
      [id, roles],
    );
  }
}

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

/** All SQL of the users feature. */
@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  byId(id: string): Promise<User | null> {
    return this.database.manager.findOneBy(User, { id });
  }

  /** With the password hash. */
  forSignIn(key: { emailKey: string } | { usernameKey: string }): Promise<User | null> {
    return this.database.manager
      .createQueryBuilder(User, 'user')
      .addSelect('user.passwordHash')
      .where(key)
      .getOne();
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
    const query = this.database.manager
      .createQueryBuilder(User, 'user')
      .orderBy(`user.${propertyOf[order.field]}`, direction)
      .addOrderBy('user.id', direction)
      .limit(limit);
    if (filter.status) query.andWhere({ status: filter.status });
    if (filter.role) {
      query.andWhere(
        'EXISTS (SELECT FROM user_roles WHERE user_id = user.id AND role_name = :role)',
        { role: filter.role },
      );
    }
    if (filter.search) {
      query.andWhere(
        '(user.emailKey ILIKE :pattern OR user.usernameKey ILIKE :pattern OR user.displayName ILIKE :pattern)',
        { pattern: `%${filter.search.replace(/[\\%_]/g, '\\$&')}%` },
      );
    }
    if (after) {
      query.andWhere(
        `(user.${propertyOf[order.field]}, user.id) ${order.descending ? '<' : '>'} (:value, :id)`,
        after,
      );
    }
    return query.getMany();
  }

  async insert(user: NewUser, roles: readonly string[]): Promise<void> {
    await this.database.manager.insert(User, { ...user, status: 'active' });
    await this.addRoles(user.id, roles);
  }

  async update(id: string, change: Partial<Pick<User, 'displayName' | 'status'>>): Promise<void> {
    await this.database.manager.update(User, { id }, change);
  }

  async replaceRoles(id: string, roles: readonly string[]): Promise<void> {
    await this.database.rows('DELETE FROM user_roles WHERE user_id = $1', [id]);
    await this.addRoles(id, roles);
  }

  /** Marks a sign-in, unless the account was disabled meanwhile; holds the user's row. */
  async markSignedIn(id: string): Promise<boolean> {
    const row = await this.database.row(
      `UPDATE users SET last_login_at = now() WHERE id = $1 AND status = 'active' RETURNING id`,
      [id],
    );
    return row !== undefined;
  }

  /** Replaces a hash unless it has changed since it was read. */
  async replaceHash(id: string, from: string, to: string): Promise<boolean> {
    const row = await this.database.row(
      'UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING id',
      [id, from, to],
    );
    return row !== undefined;
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

  private async addRoles(id: string, roles: readonly string[]): Promise<void> {
    await this.database.rows(
      'INSERT INTO user_roles (user_id, role_name) SELECT $1, unnest($2::text[])',
      [id, roles],
    );
  }
}

const propertyOf = { createdAt: 'createdAt', email: 'emailKey', username: 'usernameKey' } as const;

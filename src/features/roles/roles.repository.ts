import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';

import { Database } from '../../platform/database/index.js';
import { Role } from './role.entity.js';

/** All SQL of the roles feature. */
@Injectable()
export class RolesRepository {
  constructor(private readonly database: Database) {}

  all(): Promise<Role[]> {
    return this.database.manager.find(Role, { order: { name: 'ASC' }, take: 1_000 });
  }

  byName(name: string): Promise<Role | null> {
    return this.database.manager.findOneBy(Role, { name });
  }

  byNames(names: readonly string[]): Promise<Role[]> {
    return this.database.manager.findBy(Role, { name: In([...names]) });
  }

  /** Holds the role until the transaction ends. */
  lock(name: string): Promise<Role | null> {
    return this.database.manager.findOne(Role, {
      where: { name },
      lock: { mode: 'pessimistic_write' },
    });
  }

  async insert(role: Pick<Role, 'name' | 'description' | 'permissions'>): Promise<void> {
    await this.database.manager.insert(Role, { ...role, builtIn: false });
  }

  /** Fields left undefined stay as they are. */
  async update(
    name: string,
    change: Partial<Pick<Role, 'description' | 'permissions'>>,
  ): Promise<void> {
    await this.database.manager.update(Role, { name }, change);
  }

  async delete(name: string): Promise<void> {
    await this.database.manager.delete(Role, { name });
  }
}

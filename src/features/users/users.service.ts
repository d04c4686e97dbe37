import { Injectable } from '@nestjs/common';

import type { Changes } from '../../catalogue/audit-events.js';
import { administratorRole, defaultRole } from '../../catalogue/permissions.js';
import { Caches, type TaggedCache } from '../../platform/cache/index.js';
import { AccountsConfig } from '../../platform/config/index.js';
import { currentPrincipal } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { demandUnchanged } from '../../platform/preconditions/index.js';
import { AuditService } from '../audit/index.js';
import { SessionsService } from '../sessions/index.js';
import { AccountRestoration } from './account-restoration.service.js';
import { AccountsService, userTag } from './accounts.service.js';
import { AssignableRolesService } from './assignable-roles.service.js';
import type { User, UserStatus } from './user.entity.js';
import { UserListView, UserView } from './user.view.js';
import type { CreateUser, ListUsers, UpdateProfile, UpdateUser } from './users.dto.js';
import { cursorOf, orderOf, positionOf } from './users.query.js';
import { UsersRepository } from './users.repository.js';

const defaultPageSize = 20;

type UserChange = Omit<UpdateUser, 'status'> & { status?: UserStatus };

/** What people and administrators do with accounts. */
@Injectable()
export class UsersService {
  private readonly profiles: TaggedCache<UserView>;

  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly accounts: AccountsService,
    private readonly assignable: AssignableRolesService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
    private readonly caches: Caches,
    private readonly restoration: AccountRestoration,
    private readonly config: AccountsConfig,
  ) {
    this.profiles = caches.create<UserView>({
      name: 'profile',
      maxEntries: 10_000,
      ttlMs: 10_000,
      tags: (id) => [userTag(id)],
    });
  }

  /** Who is an administrator now, by id. */
  administrators(): Promise<string[]> {
    return this.users.administrators();
  }

  /** The caller's own account. */
  async own(): Promise<UserView> {
    const { userId } = currentPrincipal();
    const view = await this.profiles.get(userId, async () => {
      const user = await this.users.byId(userId);
      return user && UserView.of(user);
    });
    if (!view) throw new AppError('users.not_found');
    return view;
  }

  async list(request: ListUsers): Promise<UserListView> {
    const order = orderOf(request.sort);
    const after = request.cursor === undefined ? null : positionOf(request.cursor, order);
    const limit = request.limit ?? defaultPageSize;
    const found = await this.users.page(request, order, after, limit + 1);
    const page = found.slice(0, limit);
    await this.audit.record('users.listed', {
      search: request.search !== undefined,
      results: page.length,
    });
    return {
      items: page.map(UserView.of),
      nextCursor: found.length > limit ? cursorOf(page.at(-1)!, order) : null,
    };
  }

  async read(id: string): Promise<UserView> {
    const user = await this.users.byId(id);
    if (!user) throw new AppError('users.not_found');
    await this.audit.record('users.read', { userId: id }, { target: { kind: 'user', id } });
    return UserView.of(user);
  }

  async create(request: CreateUser): Promise<UserView> {
    const roles = request.roles ?? [defaultRole];
    const authorise = (): Promise<void> => this.assignable.demandForNew(roles);
    // Twice: at once, so that a refusal costs no hash, and again when the account is made.
    await authorise();
    return this.accounts.create({
      ...request,
      roles,
      emailVerified: true,
      by: 'administrator',
      authorise,
    });
  }

  updateOwn(request: UpdateProfile): Promise<UserView> {
    return this.change(currentPrincipal().userId, request);
  }

  async deleteOwn(): Promise<void> {
    const { userId } = currentPrincipal();
    await this.accounts.whileAdministratorsHold(async () => {
      await this.change(userId, { status: 'deleted' });
      await this.restoration.offer(await this.locked(userId));
    });
  }

  /** Marks for erasure; see {@link UserErasure}. */
  async delete(id: string): Promise<void> {
    if (id === currentPrincipal().userId) throw new AppError('users.own_status');
    await this.accounts.whileAdministratorsHold(async () => {
      await this.assignable.demandRank((await this.locked(id)).roles);
      await this.change(id, { status: 'deleted' });
    });
  }

  /** For the command line, whose caller outranks everybody. */
  async disable(identifier: string): Promise<UserView> {
    return this.accounts.whileAdministratorsHold(async () => {
      const found = await this.accounts.findCredentials(identifier);
      if (!found) {
        throw new AppError('users.not_found', { detail: `nobody is called ${identifier}` });
      }
      return this.change(found.id, { status: 'disabled' });
    });
  }

  async update(id: string, request: UpdateUser): Promise<UserView> {
    if (request.status === 'disabled' && id === currentPrincipal().userId) {
      throw new AppError('users.own_status');
    }
    return this.accounts.whileAdministratorsHold(async () => {
      await this.assignable.demandRank((await this.locked(id)).roles);
      return this.change(id, request);
    });
  }

  async assignRoles(id: string, roles: readonly string[]): Promise<UserView> {
    return this.accounts.whileAdministratorsHold(async () => {
      const user = await this.locked(id);
      const before = user.roles;
      const changed = [...new Set([...before, ...roles])].filter(
        (role) => before.includes(role) !== roles.includes(role),
      );
      await this.assignable.demand(changed);
      demandUnchanged(UserView.of(user));
      if (changed.length === 0) return this.reread(id);
      await this.users.replaceRoles(id, roles);
      if (changed.includes(administratorRole)) await this.demandAdministrator();
      const after = [...roles].sort();
      await this.audit.record(
        'users.roles_changed',
        { before, after },
        { target: { kind: 'user', id } },
      );
      await this.caches.invalidate(userTag(id));
      return this.reread(id);
    });
  }

  private async change(id: string, { status, ...profile }: UserChange): Promise<UserView> {
    return this.database.transaction(async () => {
      const user = await this.locked(id);
      demandUnchanged(UserView.of(user));
      const changes = changesOf(user, { status, ...profile });
      if (Object.keys(changes).length === 0) return UserView.of(user);
      if (changes['displayName']) await this.users.update(id, profile);
      if (status && changes['status']) await this.changeStatus(user, status);
      const target = { kind: 'user', id } as const;
      if (status === 'deleted') await this.audit.record('users.deleted', { changes }, { target });
      else await this.audit.record('users.updated', { changes }, { target });
      await this.caches.invalidate(userTag(id));
      return this.reread(id);
    });
  }

  private async changeStatus({ id, roles }: User, status: UserStatus): Promise<void> {
    await this.users.setStatus(id, status, this.config.graceDays);
    if (roles.includes(administratorRole)) await this.demandAdministrator();
    await this.sessions.endAllOf(id);
    await this.restoration.endLinks(id);
  }

  private async demandAdministrator(): Promise<void> {
    if (!(await this.accounts.hasAdministrator())) throw new AppError('users.last_administrator');
  }

  private async locked(id: string): Promise<User> {
    const user = await this.users.lock(id);
    if (!user) throw new AppError('users.not_found');
    return user;
  }

  private async reread(id: string): Promise<UserView> {
    return UserView.of((await this.users.byId(id))!);
  }
}

function changesOf(user: User, request: UserChange): Changes {
  const changes: Changes = {};
  for (const field of ['displayName', 'status'] as const) {
    const after = request[field];
    if (after !== undefined && after !== user[field])
      changes[field] = { before: user[field], after };
  }
  return changes;
}

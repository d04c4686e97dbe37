import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { administratorRole, defaultRole } from '../../catalogue/permissions.js';
import { Caches } from '../../platform/cache/index.js';
import { Database, violates } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { PasswordHasher, PasswordPolicy } from '../../platform/passwords/index.js';
import { AuditService } from '../audit/index.js';
import type { User, UserStatus } from './user.entity.js';
import {
  demandUnreserved,
  identifierKey,
  normaliseEmail,
  normaliseUsername,
  signInNamesOf,
} from './user.policy.js';
import { UserView } from './user.view.js';
import { UsersRepository } from './users.repository.js';

/** Cache tag of everything that depends on one user. */
export const userTag = (id: string): string => `user:${id}`;

/** What is asked for. */
export interface AccountRequest {
  email: string;
  username: string;
  password: string;
  /** How the account comes to be, for the audit trail. */
  by: 'registration' | 'administrator';
}

/** What was asked for, checked; the password is a hash by now. */
export interface PreparedAccount {
  id: string;
  email: string;
  username: string;
  passwordHash: string;
}

export interface AccountOptions {
  by: AccountRequest['by'];
  displayName?: string;
  /** The default one when not given; a function is asked in the transaction that makes it. */
  roles?: readonly string[] | (() => Promise<readonly string[]>);
  /** True when whoever makes the account vouches for the address. */
  emailVerified: boolean;
  /** Checked in the transaction that makes the account, since hashing before it takes time. */
  authorise?: () => Promise<void>;
  /** Done in the same transaction, once the account is there. */
  afterwards?: (account: PreparedAccount) => Promise<void>;
}

export type NewAccount = AccountRequest & AccountOptions;

/** What sign-in has to know of an account. */
export interface Credentials {
  id: string;
  passwordHash: string | null;
  status: UserStatus;
  emailVerified: boolean;
  /** Whether signing in asks for a second factor. */
  secondFactor: boolean;
}

/** Accounts as sign-in, set-up and the command line need them: made, found, marked. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly audit: AuditService,
    private readonly caches: Caches,
  ) {}

  /** @throws AppError `validation.failed`, `users.email_taken`, `users.username_taken` */
  async create(account: NewAccount): Promise<UserView> {
    return this.insert(await this.prepare(account), account);
  }

  /**
   * All that needs no database: checks what was typed and hashes the password.
   * @throws AppError `validation.failed`
   */
  async prepare(account: AccountRequest): Promise<PreparedAccount> {
    const email = normaliseEmail(account.email);
    const username = normaliseUsername(account.username);
    if (account.by === 'registration') demandUnreserved(username);
    await this.policy.demand(account.password, { context: [email.key, username.key] });
    const passwordHash = await this.hasher.hash(account.password);
    return { id: uuidv7(), email: email.value, username: username.value, passwordHash };
  }

  /** @throws AppError `users.email_taken`, `users.username_taken` */
  async insert(prepared: PreparedAccount, options: AccountOptions): Promise<UserView> {
    const user = {
      ...prepared,
      emailKey: normaliseEmail(prepared.email).key,
      usernameKey: normaliseUsername(prepared.username).key,
      displayName: options.displayName ?? null,
      emailVerifiedAt: options.emailVerified ? new Date() : null,
    };
    return this.database.transaction(async () => {
      await options.authorise?.();
      const roles = await rolesOf(options);
      await this.users.insert(user, roles).catch((error: unknown) => {
        throw takenError(error);
      });
      await this.recordCreation(user, roles, options.by);
      await options.afterwards?.(user);
      return UserView.of((await this.users.byId(user.id))!);
    });
  }

  /** The account somebody means by what they typed as email or username. */
  async findCredentials(identifier: string): Promise<Credentials | null> {
    const key = identifierKey(identifier);
    return credentialsOf(key && (await this.users.forSignIn(key)));
  }

  /** The account of somebody who is known already. */
  async credentialsOf(id: string): Promise<Credentials | null> {
    return credentialsOf(await this.users.byIdForSignIn(id));
  }

  /** @throws AppError `users.not_found` */
  async emailOf(id: string): Promise<string> {
    const user = await this.users.byId(id);
    if (!user) throw new AppError('users.not_found');
    return user.email;
  }

  /**
   * Notes in the running transaction whether a second factor stands beside the password.
   * @throws AppError `mfa.password_too_short` when the password needs one
   */
  async setSecondFactor(id: string, inPlace: boolean): Promise<void> {
    await this.users.setSecondFactor(id, inPlace).catch((error: unknown) => {
      const tooShort = violates(error, 'users_short_password_has_second_factor');
      throw tooShort ? new AppError('mfa.password_too_short') : error;
    });
  }

  /** The same when the factor is lost: a password that needs one goes; false when it does. */
  async dropSecondFactor(id: string): Promise<boolean> {
    return this.users.dropSecondFactor(id);
  }

  /** All names under which failed sign-ins of an account are counted; none when it is gone. */
  async signInNames(id: string): Promise<string[]> {
    const user = await this.users.byId(id);
    return user ? signInNamesOf(user) : [];
  }

  /**
   * Marks a sign-in in the running transaction; false when the account is not active any more, or
   * what was verified is not all that it asks for now.
   */
  async markSignedIn({ id, passwordHash, secondFactor }: Credentials): Promise<boolean> {
    this.caches.invalidateHere(userTag(id));
    return this.users.markSignedIn(id, passwordHash, secondFactor);
  }

  /** Renews a hash after a successful sign-in, when the hashing policy has risen. */
  async rehash(id: string, oldHash: string, password: string, from: string): Promise<void> {
    const newHash = await this.hasher.hash(password);
    await this.database.transaction(async () => {
      if (!(await this.users.replaceHash(id, oldHash, newHash))) return;
      await this.audit.record(
        'auth.password_rehashed',
        { from, to: this.hasher.algorithm },
        { target: { kind: 'user', id }, actorId: id },
      );
    });
  }

  /** Roles of an active user; null when there is none or it is disabled. */
  async activeRoles(id: string): Promise<readonly string[] | null> {
    const user = await this.users.byId(id);
    return user?.status === 'active' ? user.roles : null;
  }

  /** Null when there is no such user. */
  async usernameOf(id: string): Promise<string | null> {
    return (await this.users.byId(id))?.username ?? null;
  }

  hasAdministrator(): Promise<boolean> {
    return this.users.hasActiveAdministrator();
  }

  /** Runs `work` in a transaction in which nobody else makes or removes administrators. */
  async whileAdministratorsHold<T>(work: () => Promise<T>): Promise<T> {
    return this.database.transaction(async () => {
      await this.users.lockAdministrators();
      return work();
    });
  }

  /** Makes an administrator whose address is taken as verified. */
  createAdministrator(account: Omit<AccountRequest, 'by'>): Promise<UserView> {
    const roles = [administratorRole, defaultRole];
    return this.create({ ...account, roles, emailVerified: true, by: 'administrator' });
  }

  private recordCreation(
    { id, username }: Pick<User, 'id' | 'username'>,
    roles: readonly string[],
    by: NewAccount['by'],
  ): Promise<void> {
    const target = { kind: 'user', id } as const;
    return by === 'registration'
      ? this.audit.record('users.registered', { username }, { target, actorId: id })
      : this.audit.record('users.created', { username, roles: [...roles] }, { target });
  }
}

function credentialsOf(user: User | null): Credentials | null {
  if (!user) return null;
  const { id, passwordHash, status, emailVerifiedAt, secondFactor } = user;
  return { id, passwordHash, status, emailVerified: emailVerifiedAt !== null, secondFactor };
}

function takenError(error: unknown): unknown {
  if (violates(error, 'users_email_unique')) return new AppError('users.email_taken');
  const taken = ['users_username_unique', 'users_username_looks_unique'];
  if (taken.some((name) => violates(error, name))) return new AppError('users.username_taken');
  return error;
}

async function rolesOf({ roles = [defaultRole] }: AccountOptions): Promise<readonly string[]> {
  return typeof roles === 'function' ? roles() : roles;
}

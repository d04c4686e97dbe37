import { Injectable } from '@nestjs/common';

import { Caches } from '../../platform/cache/index.js';
import { violates } from '../../platform/database/index.js';
import { invalid } from '../../platform/errors/app-error.js';
import {
  needsSecondFactor,
  PasswordHasher,
  PasswordPolicy,
} from '../../platform/passwords/index.js';
import { userTag } from './accounts.service.js';
import type { User } from './user.entity.js';
import { identifierKey, normaliseEmail, signInNamesOf } from './user.policy.js';
import { UsersRepository } from './users.repository.js';

/** An account, as far as one has to know it to write to its owner. */
export interface Contact {
  id: string;
  email: string;
  username: string;
  active: boolean;
  emailVerified: boolean;
  /** Whether one is in place, beside which a password may be shorter. */
  secondFactor: boolean;
  /** All names under which failed sign-ins are counted. */
  signInNames: readonly string[];
}

/** A password that was found good enough, as it is stored. */
export interface NewPassword {
  hash: string;
  /** Good only beside a second factor, which must stay as long as it does. */
  short: boolean;
}

/** What changes about an account when its owner proves something; each joins the transaction. */
@Injectable()
export class AccountChangesService {
  constructor(
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly policy: PasswordPolicy,
    private readonly caches: Caches,
  ) {}

  async contact(id: string): Promise<Contact | null> {
    return contactOf(await this.users.byIdForSignIn(id));
  }

  /**
   * The same, with its row held until the transaction ends. Who changes an account and its links
   * holds the account first: in another order two would wait for each other.
   */
  async held(id: string): Promise<Contact | null> {
    await this.users.lock(id);
    return this.contact(id);
  }

  /** The account of an address; null also for what is no address. */
  async contactAt(email: string): Promise<Contact | null> {
    const key = identifierKey(email);
    return key && 'emailKey' in key ? contactOf(await this.users.forSignIn(key)) : null;
  }

  /** @throws AppError `validation.failed` when it is too weak for this account */
  async hashNew(
    password: string,
    { email, username, secondFactor }: Contact,
  ): Promise<NewPassword> {
    await this.policy.demand(password, { context: [email, username], secondFactor });
    return { hash: await this.hasher.hash(password), short: needsSecondFactor(password) };
  }

  /**
   * False when the account is gone or disabled.
   * @throws AppError `validation.failed` when the second factor that it needs was just removed
   */
  async setPassword(id: string, { hash, short }: NewPassword): Promise<boolean> {
    return this.users.setPassword(id, hash, short).catch((error: unknown) => {
      const alone = violates(error, 'users_short_password_has_second_factor');
      throw alone ? invalid('/password', 'minLength', 'is too short to stand alone') : error;
    });
  }

  /**
   * Notes that the owner reads mails to `email`; false when it is not, or no more, the address
   * of an active account.
   */
  async confirmAddress(id: string, email: string): Promise<boolean> {
    await this.caches.invalidate(userTag(id));
    return this.users.confirmEmail(id, normaliseEmail(email).key);
  }

  /**
   * Gives an account another address, which was confirmed; false when it is not active.
   * @throws the violation of `users_email_unique` when somebody else has taken it
   */
  async setAddress(id: string, email: string): Promise<boolean> {
    await this.caches.invalidate(userTag(id));
    return this.users.setEmail(id, normaliseEmail(email));
  }
}

function contactOf(user: User | null): Contact | null {
  if (!user) return null;
  const { id, email, username, status, emailVerifiedAt, secondFactor } = user;
  const emailVerified = emailVerifiedAt !== null;
  const signInNames = signInNamesOf(user);
  const active = status === 'active';
  return { id, email, username, active, emailVerified, secondFactor, signInNames };
}

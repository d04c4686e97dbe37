import type { User, UserStatus } from './user.entity.js';

/** An account, as its owner and administrators see it. */
export class UserView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  id: string;
  /** @example "ada@example.com" */
  email: string;
  /** @example "ada" */
  username: string;
  /** @example "Ada Lovelace" */
  displayName: string | null;
  /** Disabled users cannot sign in. */
  status: UserStatus;
  /** @example ["member"] */
  roles: string[];
  /** Whether the owner of the address has confirmed it. */
  emailVerified: boolean;
  createdAt: Date;
  lastLoginAt: Date | null;

  static of(user: User): UserView {
    return Object.assign(new UserView(), {
      id: user.id,
      email: user.email,
      username: user.username,
      displayName: user.displayName,
      status: user.status,
      roles: user.roles,
      emailVerified: user.emailVerifiedAt !== null,
      createdAt: user.createdAt,
      lastLoginAt: user.lastLoginAt,
    });
  }
}

export class UserListView {
  items: UserView[];
  /** Pass it as `cursor` for the next page; null on the last one. */
  nextCursor: string | null;
}

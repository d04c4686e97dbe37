import { ApiProperty } from '@nestjs/swagger';

import type { User, UserStatus } from './user.entity.js';

/** An account, as its owner and administrators see it. */
export class UserView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  id: string;
  /** @example "ada@example.com" */
  @ApiProperty({ format: 'email', maxLength: 254 })
  email: string;
  /** @example "ada" */
  @ApiProperty({ maxLength: 32, pattern: '^[A-Za-z0-9][A-Za-z0-9._-]+[A-Za-z0-9]$' })
  username: string;
  /** @example "Ada Lovelace" */
  @ApiProperty({ maxLength: 100 })
  displayName: string | null;
  /** Only active users can sign in; deleted ones are erased after a while. */
  status: UserStatus;
  /** When a deleted account is erased; until then an administrator can bring it back. */
  deletionDueAt: Date | null;
  /** @example ["member"] */
  @ApiProperty({ maxItems: 20, maxLength: 40 })
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
      deletionDueAt: user.deletionDueAt,
      roles: user.roles,
      emailVerified: user.emailVerifiedAt !== null,
      createdAt: user.createdAt,
      lastLoginAt: user.lastLoginAt,
    });
  }
}

export class UserListView {
  @ApiProperty({ maxItems: 100 })
  items: UserView[];
  /**
   * Pass it as `cursor` for the next page; null on the last one.
   * @example "WyJjcmVhdGVkQXQiLCIyMDI2LTAxLTMxIl0"
   */
  @ApiProperty({ maxLength: 500, pattern: '^[A-Za-z0-9_-]+$' })
  nextCursor: string | null;
}

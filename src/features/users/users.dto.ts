import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsEmail,
  IsIn,
  IsOptional,
  IsString,
  Length,
  MaxLength,
} from 'class-validator';

import { Omittable } from '../../platform/http/omittable.decorator.js';
import { QueryInteger } from '../../platform/http/params.js';
import { type UserStatus, userStatuses } from './user.entity.js';
import { type UserSort, userSorts } from './users.query.js';

export class ListUsers {
  /** Items on a page, 1 to 100; 20 when not given. */
  @QueryInteger({ min: 1, max: 100 })
  limit?: number;

  /**
   * `nextCursor` of the page before.
   * @example "WyJjcmVhdGVkQXQiLCIyMDI2LTAxLTMxIl0"
   */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  cursor?: string;

  /**
   * Part of the address, the username or the display name; case does not matter.
   * @example "ada"
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  search?: string;

  /**
   * Only holders of this role.
   * @example "admin"
   */
  @IsOptional()
  @IsString()
  @Length(1, 40)
  role?: string;

  /** Only users of this status. */
  @IsOptional()
  @IsIn(userStatuses)
  status?: UserStatus;

  /** Order of the list; a minus means descending. Newest first when not given. */
  @IsOptional()
  @IsIn(userSorts)
  sort?: UserSort;
}

export class CreateUser {
  /** @example "grace@example.com" */
  @IsEmail()
  @MaxLength(254)
  email: string;

  /**
   * 3 to 32 letters (a-z), digits, dots, hyphens or underscores.
   * @example "grace"
   */
  @IsString()
  @Length(3, 64)
  username: string;

  /**
   * 15 characters or more.
   * @example "a ship in port is safe"
   */
  @IsString()
  @Length(1, 256)
  password: string;

  /** @example "Grace Hopper" */
  @Omittable()
  @IsString()
  @Length(1, 100)
  displayName?: string;

  /**
   * The default role when not given.
   * @example ["member"]
   */
  @Omittable()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 40, { each: true })
  roles?: string[];
}

export class UpdateProfile {
  /**
   * `null` removes it.
   * @example "Ada Lovelace"
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  displayName?: string | null;
}

export class UpdateUser extends UpdateProfile {
  /** Disabling a user ends all their sessions at once; `active` also brings a deleted one back. */
  @Omittable()
  @IsIn(['active', 'disabled'])
  status?: 'active' | 'disabled';
}

export class RestoreAccount {
  /**
   * From the link in the mail.
   * @example "Zm9yIGEgd2hpbGUgb25seSwgYW5kIGp1c3Qgb25jZQ"
   */
  @IsString()
  @Length(1, 100)
  token: string;
}

export class AssignRoles {
  /**
   * All roles the user has from now on.
   * @example ["member", "auditor"]
   */
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 40, { each: true })
  roles: string[];
}

import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsString,
  Length,
  Matches,
} from 'class-validator';

import { allPermissions, type Permission } from '../../catalogue/permissions.js';
import { Omittable } from '../../platform/http/omittable.decorator.js';

export class CreateRole {
  /**
   * Lower case letters, digits and hyphens; starts with a letter.
   * @example "support"
   */
  @ApiProperty({ minLength: 2, maxLength: 40 })
  @IsString()
  @Matches(/^[a-z][a-z0-9-]{1,39}$/, {
    message: 'name must be 2 to 40 lower case letters, digits or hyphens, starting with a letter',
  })
  name: string;

  /** @example "Answers questions of users" */
  @IsString()
  @Length(1, 200)
  description: string;

  /**
   * Only permissions that you hold yourself.
   * @example ["users.read"]
   */
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsIn(allPermissions, { each: true })
  permissions: Permission[];
}

export class UpdateRole {
  /** @example "Answers questions of users" */
  @Omittable()
  @IsString()
  @Length(1, 200)
  description?: string;

  /**
   * Replaces all permissions of the role.
   * @example ["users.read"]
   */
  @Omittable()
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsIn(allPermissions, { each: true })
  permissions?: Permission[];
}

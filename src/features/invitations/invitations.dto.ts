import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsEmail,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  MaxLength,
} from 'class-validator';

import { Omittable } from '../../platform/http/omittable.decorator.js';
import { QueryInteger } from '../../platform/http/params.js';

export class Invite {
  /** @example "ada@example.com" */
  @IsEmail()
  @MaxLength(254)
  email: string;

  /**
   * Roles of the new account; `member` when not given.
   * @example ["member"]
   */
  @ApiProperty({ maxLength: 40 })
  @Omittable()
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 40, { each: true })
  roles?: string[];
}

export class ListInvitations {
  /** Items on a page, 1 to 100; 20 when not given. */
  @QueryInteger({ min: 1, max: 100 })
  limit?: number;

  /**
   * `nextCursor` of the page before.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @IsOptional()
  @IsUUID()
  cursor?: string;
}

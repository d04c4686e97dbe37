import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
} from 'class-validator';

import { limitPolicies } from '../../catalogue/limits.js';
import { allPermissions, type Permission } from '../../catalogue/permissions.js';
import { Omittable } from '../../platform/http/omittable.decorator.js';

/** Longest overlap of a rotation: a week. */
const maxOverlapSeconds = 604_800;

export class CreateApiKey {
  /**
   * What the key is for.
   * @example "Nightly report"
   */
  @IsString()
  @Length(1, 100)
  name: string;

  /**
   * What its holder may do; only permissions that you hold yourself. Counts as far as you still
   * hold them when the key is used.
   * @example ["users.read"]
   */
  @IsArray()
  @ArrayMaxSize(100)
  @ArrayUnique()
  @IsIn(allPermissions, { each: true })
  scopes: Permission[];

  /**
   * When it stops working; after API_KEY_DAYS if left out, after API_KEY_MAX_DAYS at the latest.
   * @example "2027-01-31T00:00:00.000Z"
   */
  @Omittable()
  @IsISO8601({ strict: true })
  @MaxLength(40)
  @ApiProperty({ format: 'date-time' })
  expiresAt?: string;

  /**
   * A quota of its own, below that of the limit `api-key`.
   * @example 60
   */
  @Omittable()
  @IsInt()
  @Min(1)
  @Max(limitPolicies['api-key'].quota)
  requestsPerMinute?: number;
}

export class RotateApiKey {
  /**
   * For so many seconds the key before works beside the new one; a day if left out.
   * @example 3600
   */
  @Omittable()
  @IsInt()
  @Min(0)
  @Max(maxOverlapSeconds)
  overlapSeconds?: number;
}

import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Matches } from 'class-validator';

import { limitPolicies, type LimitPolicyName } from '../../catalogue/limits.js';
import { QueryInteger } from '../../platform/http/params.js';

/** RFC 3339; years of four digits. */
const time = /^[12]\d{3}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$/;
const says = { message: '$property must be a time like 2026-01-31T09:30:00Z' };

export class ReadUsage {
  /**
   * A day before the end when not given; 31 days at most.
   * @example "2026-01-31T09:00:00Z"
   */
  @ApiProperty({ type: String, maxLength: 40, pattern: time.source, required: false })
  @IsOptional()
  @IsString()
  @Matches(time, says)
  from?: string;

  /**
   * Now when not given.
   * @example "2026-01-31T12:00:00Z"
   */
  @ApiProperty({ type: String, maxLength: 40, pattern: time.source, required: false })
  @IsOptional()
  @IsString()
  @Matches(time, says)
  to?: string;

  /** What is added up; by policy when not given. Callers are known by the hour. */
  @IsOptional()
  @IsIn(['policy', 'route', 'caller'])
  by?: 'policy' | 'route' | 'caller';

  /** Only what this limit counted. */
  @ApiProperty({ enum: Object.keys(limitPolicies), required: false })
  @IsOptional()
  @IsIn(Object.keys(limitPolicies))
  policy?: LimitPolicyName;

  /** Those with most requests, 1 to 50; 20 when not given. */
  @QueryInteger({ min: 1, max: 50 })
  limit?: number;

  /** JSON when not given. */
  @IsOptional()
  @IsIn(['json', 'csv'])
  format?: 'json' | 'csv';
}

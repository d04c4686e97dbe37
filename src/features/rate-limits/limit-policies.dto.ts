import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';

/** What is left out stays; `null` gives back the default of this release. */
export class UpdateLimitPolicy {
  /**
   * Requests in a window, before RATE_LIMIT_SCALE.
   * @example 200
   */
  @ApiProperty({ type: 'integer', nullable: true, required: false })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  quota?: number | null;

  /**
   * Half a day at most.
   * @example 60
   */
  @ApiProperty({ type: 'integer', nullable: true, required: false })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(43_200)
  windowSeconds?: number | null;

  /** A change begins new counters. */
  @IsOptional()
  @IsIn(['sliding-window', 'token-bucket'])
  algorithm?: 'sliding-window' | 'token-bucket' | null;

  /**
   * What a token bucket lets through at once; the quota at most.
   * @example 50
   */
  @ApiProperty({ type: 'integer', nullable: true, required: false })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  burst?: number | null;
}

import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional, IsString, IsUUID, Length, Matches } from 'class-validator';

import { QueryInteger } from '../../platform/http/params.js';

/** RFC 3339, or a day, which means its midnight in UTC; years of four digits. */
const time = /^[12]\d{3}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/;
const says = { message: '$property must be a time like 2026-01-31T09:30:00Z' };

function QueryTime(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ type: String, maxLength: 40, pattern: time.source, required: false }),
    IsOptional(),
    IsString(),
    Matches(time, says),
  );
}

/** What narrows a search down; each that is given must hold. */
export class AuditFilters {
  /**
   * Who did it: the id of a user, or of an API key.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @IsOptional()
  @IsUUID()
  actor?: string;

  /**
   * What was done: one action, or all that begin alike, as in `auth.*`.
   * @example "auth.*"
   */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @Matches(/^[a-z0-9_-]+(\.[a-z0-9_-]+)*(\.\*)?$/)
  action?: string;

  /**
   * What it was done to: an id, or the name of a role.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  target?: string;

  /**
   * Not before this.
   * @example "2026-01-31T09:00:00Z"
   */
  @QueryTime()
  from?: string;

  /**
   * Before this.
   * @example "2026-02-01"
   */
  @QueryTime()
  to?: string;

  /**
   * Where it came from: an address, or a network like `192.0.2.0/24`.
   * @example "192.0.2.7"
   */
  @IsOptional()
  @IsString()
  @Length(2, 50)
  ip?: string;

  /**
   * All that one request did: its `X-Request-Id`.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  requestId?: string;
}

export class SearchEvents extends AuditFilters {
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

export class ExportEvents extends AuditFilters {
  /** A JSON object a line, with all that proves it, or a table; NDJSON when not given. */
  @IsOptional()
  @IsIn(['ndjson', 'csv'])
  format?: 'ndjson' | 'csv';

  /** Add its proof to each line of NDJSON even when the whole log is asked for. */
  @ApiProperty({ type: Boolean, required: false })
  @IsOptional()
  @Transform(
    ({ value }: { value: unknown }) => value === 'true' || (value === 'false' ? false : value),
  )
  @IsBoolean()
  proofs?: boolean;
}

export class ReadTimeline {
  /**
   * Not before this.
   * @example "2026-01-31T09:00:00Z"
   */
  @QueryTime()
  from?: string;

  /**
   * Before this.
   * @example "2026-02-01"
   */
  @QueryTime()
  to?: string;

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

import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Matches } from 'class-validator';

const day = /^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

export class SummariseDay {
  /**
   * A day in UTC; today when not given.
   * @example "2026-01-31"
   */
  @ApiProperty({ type: String, maxLength: 10, pattern: day.source, required: false })
  @IsOptional()
  @IsString()
  @Matches(day, { message: '$property must be a day like 2026-01-31' })
  day?: string;
}

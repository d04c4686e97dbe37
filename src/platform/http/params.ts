import { applyDecorators, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, isUUID, Max, Min } from 'class-validator';

import { invalid } from '../errors/app-error.js';

/** An optional whole number in the query: plain decimal digits, nothing else is converted. */
export function QueryInteger(range: { min: number; max: number }): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: 'integer', minimum: range.min, maximum: range.max }),
    IsOptional(),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^(0|[1-9]\d{0,15})$/.test(value) ? Number(value) : value,
    ),
    IsInt(),
    Min(range.min),
    Max(range.max),
  );
}

/** `@Param('id', UuidParam)`: a path parameter that must be a UUID in canonical form. */
@Injectable()
export class UuidParam implements PipeTransform<string, string> {
  transform(value: string, { data }: { data?: string }): string {
    if (!isUUID(value)) throw invalid(`/path/${data ?? 'id'}`, 'isUuid', 'must be a UUID');
    return value.toLowerCase();
  }
}

import { ValidateIf } from 'class-validator';

/** The field may be left out; unlike `@IsOptional()` this does not let `null` through. */
export function Omittable(): PropertyDecorator {
  return ValidateIf((_body, value) => value !== undefined);
}

import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';

import { AppError, type FieldError } from '../errors/app-error.js';

/**
 * Validates every body and query against its DTO class: unknown fields are refused (ASVS
 * V15.3.3), nothing is converted (V15.3.5), and each error names field and rule.
 */
@Injectable()
export class StrictValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      transformOptions: { enableImplicitConversion: false },
      validationError: { target: false, value: false },
      exceptionFactory: (problems) =>
        new AppError('validation.failed', { errors: problems.flatMap((p) => fieldErrors(p, '')) }),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && !isObject(value)) {
      throw new AppError('validation.failed', {
        errors: [{ pointer: '', rule: 'object', message: 'the body must be a JSON object' }],
      });
    }
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      throw metadata.type === 'body' ? error : located(error, metadata);
    }
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same errors with pointers that say where outside the body they are. */
function located(error: unknown, { type, data }: ArgumentMetadata): unknown {
  if (!(error instanceof AppError) || !error.context.errors) return error;
  const place = type === 'param' ? `/path${data ? `/${data}` : ''}` : `/${type}`;
  return new AppError(error.code, {
    ...error.context,
    errors: error.context.errors.map((e) => ({ ...e, pointer: place + e.pointer })),
  });
}

function fieldErrors(problem: ValidationError, parent: string): FieldError[] {
  const pointer = `${parent}/${problem.property.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const own = Object.entries(problem.constraints ?? {}).map(([rule, message]) =>
    rule === 'whitelistValidation'
      ? { pointer, rule: 'unknownField', message: `${problem.property} is not a known field` }
      : { pointer, rule, message },
  );
  return [...own, ...(problem.children ?? []).flatMap((child) => fieldErrors(child, pointer))];
}

import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';

import { AppError, type FieldError } from '../errors/app-error.js';

/** Far more than any of ours has; class-transformer takes a while for each. */
const maxMembers = 200;

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
        failed(problems.flatMap((problem) => fieldErrors(problem, ''))),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && !isObject(value)) {
      throw failed([{ pointer: '', rule: 'object', message: 'the body must be a JSON object' }]);
    }
    try {
      if (metadata.type !== 'param' && isObject(value)) checkNames(value);
      return await super.transform(value, metadata);
    } catch (error) {
      throw metadata.type === 'body' ? error : located(error, metadata);
    }
  }
}

function failed(errors: readonly FieldError[]): AppError {
  return new AppError('validation.failed', { errors });
}

/** Before class-transformer, which drops members named like a method of every object untold. */
function checkNames(value: object): void {
  const names = Object.keys(value);
  if (names.length > maxMembers) {
    const message = `must not have more than ${maxMembers} fields`;
    throw failed([{ pointer: '', rule: 'maxProperties', message }]);
  }
  const inherited = names.filter((name) => name in Object.prototype);
  if (inherited.length > 0) throw failed(inherited.map((name) => unknownField(`/${name}`, name)));
}

function unknownField(pointer: string, name: string): FieldError {
  return { pointer, rule: 'unknownField', message: `${name} is not a known field` };
}

function isObject(value: unknown): value is object {
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
      ? unknownField(pointer, problem.property)
      : { pointer, rule, message },
  );
  return [...own, ...(problem.children ?? []).flatMap((child) => fieldErrors(child, pointer))];
}

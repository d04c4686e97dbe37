import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';

import {
  IdempotencyInterceptor,
  idempotencyMetadata,
  type IdempotencyRule,
} from './idempotency.interceptor.js';

/**
 * Lets a POST be repeated: with `Idempotency-Key` it is done once, and a repetition gets the first
 * answer. Every POST of a known caller says this, or a test asks why not.
 */
export function Idempotent(): MethodDecorator {
  return declare('answer');
}

/** The same where the answer holds a secret: a repetition learns that it was done, no more. */
Idempotent.withSecret = (): MethodDecorator => declare('outcome');

function declare(rule: IdempotencyRule): MethodDecorator {
  return applyDecorators(
    SetMetadata(idempotencyMetadata, rule),
    UseInterceptors(IdempotencyInterceptor),
  );
}

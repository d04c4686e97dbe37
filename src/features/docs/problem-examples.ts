import type { ExampleObject, OpenAPIObject, ReferenceObject } from '@nestjs/swagger';

import { type ErrorCode, errors } from '../../catalogue/errors.js';
import { AppError } from '../../platform/errors/app-error.js';
import { problemOf } from '../../platform/errors/problem.js';

const requestId = '0f6d5c1e-6f0b-4a3e-9d55-3a1f5b0c9e21';
const path = '/api/v1/users';
const brokenRule = { pointer: '/email', rule: 'isEmail', message: 'email must be an email' };

export function exampleReference(code: ErrorCode): ReferenceObject {
  return { $ref: `#/components/examples/${code}` };
}

/** One example for each error code that the document refers to, made as the service makes it. */
export function problemExamples(document: OpenAPIObject): Record<string, ExampleObject> {
  const text = JSON.stringify(document.paths);
  const used = (Object.keys(errors) as ErrorCode[]).filter((code) =>
    text.includes(`"${exampleReference(code).$ref}"`),
  );
  return Object.fromEntries(used.map((code) => [code, exampleOf(code)]));
}

function exampleOf(code: ErrorCode): ExampleObject {
  const context = code === 'validation.failed' ? { errors: [brokenRule] } : {};
  const value = problemOf(new AppError(code, context), requestId, path);
  return { summary: errors[code].title, value };
}

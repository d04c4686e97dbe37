import { ApiProperty } from '@nestjs/swagger';

import { type ErrorCode, type ErrorDefinition, errors } from '../../catalogue/errors.js';
import { maxFieldErrors, maxFieldErrorLength } from '../../platform/errors/problem.js';

/** One broken rule of one input. */
export class FieldErrorView {
  /**
   * JSON pointer (RFC 6901) into the body; `/query/…` and `/path/…` name other places.
   * @example "/email"
   */
  @ApiProperty({ maxLength: maxFieldErrorLength })
  pointer: string;
  /** @example "isEmail" */
  @ApiProperty({ maxLength: 40, pattern: '^[A-Za-z0-9]+$' })
  rule: string;
  /** @example "email must be an email" */
  @ApiProperty({ maxLength: maxFieldErrorLength })
  message: string;
}

/** Every error is a problem document (RFC 9457). */
export class ProblemView {
  /** @example "/problems/validation.failed" */
  @ApiProperty({ format: 'uri-reference', maxLength: 100 })
  type: string;
  /** @example "Some input is not valid" */
  @ApiProperty({ maxLength: 100 })
  title: string;
  /** @example 400 */
  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 })
  status: number;
  /**
   * What to do next.
   * @example "Ask an administrator."
   */
  @ApiProperty({ maxLength: 1_000 })
  detail: string;
  /**
   * Path of the request.
   * @example "/api/v1/auth/register"
   */
  @ApiProperty({ maxLength: 16_384 })
  instance: string;
  /** Stable; `GET /problems` lists them all, and versions to come may add some. */
  code: ErrorCode;
  /**
   * The same as the X-Request-Id header; the log holds the cause under it.
   * @example "0f6d5c1e-6f0b-4a3e-9d55-3a1f5b0c9e21"
   */
  @ApiProperty({ maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' })
  requestId: string;
  @ApiProperty({ maxItems: maxFieldErrors })
  errors?: FieldErrorView[];
}

/** What an error code means. */
export class ProblemTypeView {
  code: ErrorCode;
  /** @example 400 */
  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 })
  status: number;
  /** @example "Some input is not valid" */
  @ApiProperty({ maxLength: 100 })
  title: string;
  /** Whose move it is. */
  category: ErrorDefinition['category'];
  /** @example "Ask an administrator." */
  @ApiProperty({ maxLength: 1_000 })
  advice: string;

  static of(code: ErrorCode): ProblemTypeView {
    const { status, title, category, advice } = errors[code];
    return Object.assign(new ProblemTypeView(), { code, status, title, category, advice });
  }
}

export class ProblemTypeListView {
  @ApiProperty({ maxItems: 1_000 })
  items: ProblemTypeView[];
}

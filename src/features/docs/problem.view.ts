import { type ErrorCode, type ErrorDefinition, errors } from '../../catalogue/errors.js';

/** One broken rule of one input. */
export class FieldErrorView {
  /**
   * JSON pointer (RFC 6901) into the body; `/query/…` and `/path/…` name other places.
   * @example "/email"
   */
  pointer: string;
  /** @example "isEmail" */
  rule: string;
  /** @example "email must be an email" */
  message: string;
}

/** Every error is a problem document (RFC 9457). */
export class ProblemView {
  /** @example "/problems/validation.failed" */
  type: string;
  /** @example "Some input is not valid" */
  title: string;
  /** @example 400 */
  status: number;
  /** What to do next. */
  detail: string;
  /** @example "/api/v1/auth/register" */
  instance: string;
  /** @example "validation.failed" */
  code: string;
  /** The same as the X-Request-Id header; the log holds the cause under it. */
  requestId: string;
  errors?: FieldErrorView[];
}

/** What an error code means. */
export class ProblemTypeView {
  /** @example "validation.failed" */
  code: string;
  /** @example 400 */
  status: number;
  /** @example "Some input is not valid" */
  title: string;
  /** Whose move it is. */
  category: ErrorDefinition['category'];
  advice: string;

  static of(code: ErrorCode): ProblemTypeView {
    const { status, title, category, advice } = errors[code];
    return Object.assign(new ProblemTypeView(), { code, status, title, category, advice });
  }
}

export class ProblemTypeListView {
  items: ProblemTypeView[];
}

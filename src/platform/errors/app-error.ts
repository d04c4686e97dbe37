import { type ErrorCode, type ErrorDefinition, errors } from '../../catalogue/errors.js';

/** One broken rule of one input. */
export interface FieldError {
  /** RFC 6901 pointer into the body; `/query/…`, `/path/…` and `/header/…` name other places. */
  pointer: string;
  rule: string;
  message: string;
}

export interface ErrorContext {
  /** Said to the client instead of the catalogue's advice. Must not leak internals. */
  detail?: string;
  errors?: readonly FieldError[];
  headers?: Readonly<Record<string, string>>;
  /** Kept for the log only. */
  cause?: unknown;
}

/** The one error of the house: a catalogue code plus what this case adds. */
export class AppError extends Error {
  readonly definition: ErrorDefinition;

  constructor(
    readonly code: ErrorCode,
    readonly context: ErrorContext = {},
  ) {
    super(`${code}: ${context.detail ?? errors[code].title}`, { cause: context.cause });
    this.name = 'AppError';
    this.definition = errors[code];
  }
}

/** Input that breaks a rule only the use case can know, told like any other validation error. */
export function invalid(pointer: string, rule: string, message: string): AppError {
  return new AppError('validation.failed', { errors: [{ pointer, rule, message }] });
}

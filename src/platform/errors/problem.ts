import type { AppError, FieldError } from './app-error.js';

/** RFC 9457 problem details, with the members every answer of ours has. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  requestId: string;
  errors?: readonly FieldError[];
}

export const problemContentType = 'application/problem+json; charset=utf-8';

/** A body of thousands of wrong fields gets an answer of bounded size. */
export const maxFieldErrors = 100;
export const maxFieldErrorLength = 500;

/** Seconds a client should wait when a dependency is away: it heals in about this time. */
const retryAfterSeconds = '2';

export function problemOf(error: AppError, requestId: string, path: string): Problem {
  const { definition, context, code } = error;
  return {
    type: `/problems/${code}`,
    title: definition.title,
    status: definition.status,
    detail: context.detail ?? definition.advice,
    instance: path,
    code,
    requestId,
    ...(context.errors && { errors: context.errors.slice(0, maxFieldErrors).map(clipped) }),
  };
}

/** Pointer and message may quote a name that the client made up. */
function clipped({ pointer, rule, message }: FieldError): FieldError {
  const clip = (text: string): string => text.slice(0, maxFieldErrorLength).toWellFormed();
  return { pointer: clip(pointer), rule, message: clip(message) };
}

/** Headers that the status of a problem demands (RFC 9110 sections 10.2.3 and 11.6.1). */
export function problemHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': problemContentType,
    'cache-control': 'no-store',
  };
  if (error.definition.status === 401) {
    headers['www-authenticate'] =
      error.code === 'auth.invalid_token'
        ? 'Bearer realm="gatehouse", error="invalid_token"'
        : 'Bearer realm="gatehouse"';
  }
  if (error.definition.status === 503 || error.definition.status === 507) {
    headers['retry-after'] = retryAfterSeconds;
  }
  return { ...headers, ...error.context.headers };
}

import { type ErrorCode, errors } from '../../catalogue/errors.js';
import { AppError, invalid } from './app-error.js';
import { maxFieldErrorLength, maxFieldErrors, problemHeaders, problemOf } from './problem.js';

const codes = Object.keys(errors) as ErrorCode[];

describe('Problem documents', () => {
  it.each(codes)('[ER-01] has all members for %s and nothing of the cause', (code) => {
    const error = new AppError(code, { cause: new Error('password=hunter2') });
    const problem = problemOf(error, 'request-1', '/api/v1/users');
    expect(problem).toEqual({
      type: `/problems/${code}`,
      title: errors[code].title,
      status: errors[code].status,
      detail: errors[code].advice,
      instance: '/api/v1/users',
      code,
      requestId: 'request-1',
    });
    expect(JSON.stringify([problem, problemHeaders(error)])).not.toContain('hunter2');
  });

  it.each(codes)('[ER-01][V4.1.1] has the headers that the status of %s demands', (code) => {
    const headers = problemHeaders(new AppError(code));
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
    });
    const { status } = errors[code];
    expect('www-authenticate' in headers).toBe(status === 401);
    expect('retry-after' in headers).toBe(status === 503 || status === 507);
  });

  it('[ER-01] tells a bad token from a missing one (RFC 6750 section 3)', () => {
    const challenge = (code: ErrorCode): string | undefined =>
      problemHeaders(new AppError(code))['www-authenticate'];
    expect(challenge('auth.required')).toBe('Bearer realm="gatehouse"');
    expect(challenge('auth.invalid_token')).toBe('Bearer realm="gatehouse", error="invalid_token"');
  });

  it('[ER-01] bounds what a client can make us repeat', () => {
    const field = { pointer: `/${'a'.repeat(9_999)}`, rule: 'x', message: '😀'.repeat(9_999) };
    const many = new AppError('validation.failed', { errors: Array(5_000).fill(field) });
    const { errors: told = [] } = problemOf(many, 'request-1', '/');
    expect(told).toHaveLength(maxFieldErrors);
    expect(told[0]!.pointer).toHaveLength(maxFieldErrorLength);
    expect(told[0]!.message.isWellFormed()).toBe(true);
  });

  it('[ER-01] names a field that a use case refuses', () => {
    const error = invalid('/email', 'unique', 'is taken');
    expect(problemOf(error, 'request-1', '/').errors).toEqual([
      { pointer: '/email', rule: 'unique', message: 'is taken' },
    ]);
  });
});

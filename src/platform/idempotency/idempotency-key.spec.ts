import { type AppError } from '../errors/app-error.js';
import { parseIdempotencyKey } from './idempotency-key.js';

describe('The key of a request that may be repeated', () => {
  it.each([
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    [' "order 7" ', 'order 7'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['a', 'a'],
    ['x'.repeat(255), 'x'.repeat(255)],
    ["order:7/a+b=c.~_|'", "order:7/a+b=c.~_|'"],
  ])('[PE-10] %s is read', (value, key) => {
    expect(parseIdempotencyKey(value)).toBe(key);
  });

  it.each([
    '',
    '  ',
    '""',
    '"',
    'a b',
    'a, b', // two headers
    '"a", "b"',
    '"a";v=1',
    '"a"b"',
    '"a\\x"',
    '"a\tb"',
    'ключ',
    'a\u0000',
    'x'.repeat(256),
    `"${'x'.repeat(256)}"`,
  ])('[PE-10] %p is refused, and the header is named', (value) => {
    expect.assertions(2);
    try {
      parseIdempotencyKey(value);
    } catch (error) {
      const { code, context } = error as AppError;
      expect(code).toBe('validation.failed');
      expect(context.errors?.[0]?.pointer).toBe('/header/Idempotency-Key');
    }
  });
});

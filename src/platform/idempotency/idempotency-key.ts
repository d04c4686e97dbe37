import { invalid } from '../errors/app-error.js';

export const idempotencyHeader = 'idempotency-key';

/** A string of structured fields (RFC 9651, section 3.3.3). */
const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/;
/** What most clients send: the key without quotes. */
const bare = /^[A-Za-z0-9!#$%&'*+./:=^_`|~-]+$/;
const maxLength = 255;

/**
 * Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07, section 2.1): a quoted
 * string, or the same without quotes. `"a"` and `a` are one key.
 * @throws AppError `validation.failed`, also for several keys, which Node joins with a comma
 */
export function parseIdempotencyKey(value: string | string[]): string {
  const text = String(value).trim();
  const inner = quoted.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1');
  const key = inner ?? (bare.test(text) ? text : '');
  if (key !== '' && key.length <= maxLength) return key;
  throw invalid(
    '/header/Idempotency-Key',
    'idempotencyKey',
    `must be one key of 1 to ${maxLength} printable ASCII characters, best a UUID, in double quotes or without spaces`,
  );
}

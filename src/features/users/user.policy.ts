import { domainToASCII } from 'node:url';

import { invalid } from '../../platform/errors/app-error.js';

export interface Normalised {
  /** What is shown and written to. */
  value: string;
  /** What must be unique. */
  key: string;
}

/** RFC 5321, section 4.5.3.1.3, without the angle brackets. */
const maxEmailLength = 254;
const printableAscii = /^[\x21-\x7e]+$/;

/**
 * One mailbox, one key: NFKC (Unicode TR 15), lower case, domain in its ASCII form. Local parts
 * beyond ASCII are refused, which leaves look-alikes and invisible characters no place.
 * @throws AppError `validation.failed`
 */
export function normaliseEmail(input: string): Normalised {
  const normalised = input.normalize('NFKC');
  const at = normalised.lastIndexOf('@');
  const local = normalised.slice(0, at);
  const domain = domainToASCII(normalised.slice(at + 1));
  const tooLong = local.length + domain.length >= maxEmailLength; // NFKC and Punycode lengthen
  if (at < 1 || !domain || tooLong || !printableAscii.test(local)) {
    throw invalid('/email', 'isEmail', 'must be an address with an ASCII local part');
  }
  return { value: `${local}@${domain}`, key: `${local.toLowerCase()}@${domain}` };
}

/**
 * Letters, digits, `.`, `_`, `-` of ASCII after NFKC: full-width forms fold onto their plain ones,
 * letters of other scripts that look alike are refused.
 * @throws AppError `validation.failed`
 */
export function normaliseUsername(input: string): Normalised {
  const value = input.normalize('NFKC');
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]{1,30})[A-Za-z0-9]$/.test(value)) {
    throw invalid(
      '/username',
      'username',
      'must be 3 to 32 letters (a-z), digits, dots, hyphens or underscores, starting and ending with a letter or digit',
    );
  }
  return { value, key: value.toLowerCase() };
}

/** The key to look up for what somebody typed at sign-in; null when it cannot be anybody's. */
export function identifierKey(
  input: string,
): { emailKey: string } | { usernameKey: string } | null {
  try {
    return input.includes('@')
      ? { emailKey: normaliseEmail(input).key }
      : { usernameKey: normaliseUsername(input).key };
  } catch {
    return null;
  }
}

import { domainToASCII } from 'node:url';

import { isEmail } from 'class-validator';

import { invalid } from '../../platform/errors/app-error.js';

export interface Normalised {
  /** What is shown and written to. */
  value: string;
  /** What must be unique. */
  key: string;
}

/** RFC 5321, section 4.5.3.1.3, without the angle brackets. */
const maxEmailLength = 254;
/** RFC 5322 dot-atom: no quotes, commas or brackets, which a mail header would read differently. */
const dotAtom = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
/** Letters, digits, dots and hyphens of any script; `domainToASCII` would cut at `/`, `?` or `#`. */
const domainCharacters = /^[\p{L}\p{M}\p{N}.-]+$/u;

/** Whom the demo sign-in, which development has, signs in. */
export const demoUsername = 'demo';

/** Names that people take for the service itself; nobody registers them. */
const reservedUsernames = new Set([
  'admin',
  'administrator',
  demoUsername,
  'gatehouse',
  'help',
  'moderator',
  'operator',
  'postmaster',
  'root',
  'security',
  'staff',
  'support',
  'system',
  'webmaster',
]);

const reservedLooks = new Set(
  [...reservedUsernames].map((key) => usernameLooks({ value: key, key })),
);

/**
 * One mailbox, one key: NFKC (Unicode TR 15), lower case, domain in its ASCII form. Local parts
 * beyond ASCII are refused, which leaves look-alikes and invisible characters no place.
 * @throws AppError `validation.failed`
 */
export function normaliseEmail(input: string): Normalised {
  const normalised = input.normalize('NFKC');
  const at = normalised.lastIndexOf('@');
  const local = normalised.slice(0, at);
  const unicodeDomain = normalised.slice(at + 1);
  const domain = domainCharacters.test(unicodeDomain) ? domainToASCII(unicodeDomain) : '';
  const value = `${local}@${domain}`;
  // Checked after normalising: what was one harmless character may be an @ or a comma by now.
  const tooLong = value.length > maxEmailLength; // NFKC and Punycode lengthen
  if (at < 1 || !domain || tooLong || !dotAtom.test(local) || !isEmail(value)) {
    throw invalid('/email', 'isEmail', 'must be an address with an ASCII local part');
  }
  return { value, key: value.toLowerCase() };
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

/**
 * What a name looks like (Unicode TR 39, for ASCII): of names that look alike one account has one.
 * The column `username_looks` is computed in the same way.
 */
export function usernameLooks({ key }: Normalised): string {
  return key
    .replaceAll(/[1i]/g, 'l')
    .replaceAll('0', 'o')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w');
}

/** @throws AppError `validation.failed` for a name that would pass for the service's own */
export function demandUnreserved(username: Normalised): void {
  if (reservedLooks.has(usernameLooks(username))) {
    throw invalid('/username', 'reserved', 'is reserved: choose another one');
  }
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

/**
 * What failures of signing in as `input` are counted under: whatever is written differently and
 * would find the same account counts together.
 */
export function signInName(input: string): string {
  const key = identifierKey(input);
  if (!key) return `other:${input.normalize('NFKC').toLowerCase()}`;
  return 'emailKey' in key ? `email:${key.emailKey}` : `username:${key.usernameKey}`;
}

/** All that an account can be called at sign-in, as `signInName` has it. */
export function signInNamesOf(user: { emailKey: string; usernameKey: string }): string[] {
  return [`email:${user.emailKey}`, `username:${user.usernameKey}`];
}

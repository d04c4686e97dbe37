import { isCommon } from './blocklist.js';

/**
 * NIST SP 800-63B-4 section 3.1.1.2: length instead of composition rules. A password that is the
 * only factor has 15 characters or more; what is easily guessed from the account or from the
 * keyboard is refused, and the reason is named.
 */
export const minLength = 15;
/** With a second factor a shorter one suffices. */
export const minLengthWithSecondFactor = 8;
/** Bounds the work of checking; far above the 64 that must be accepted (ASVS V6.2.9). */
export const maxLength = 256;

export interface PasswordWeakness {
  rule: 'minLength' | 'maxLength' | 'repetition' | 'sequence' | 'context' | 'common';
  message: string;
}

const keyboardRows = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  '1234567890',
  '1q2w3e4r5t6z7u8i9o0p', // zigzag and columns of the same keys
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
  'abcdefghijklmnopqrstuvwxyz',
];
/** Pairs of characters that follow each other on a row or around its end, in either direction. */
const neighbours = new Set(
  keyboardRows.flatMap((row) =>
    [...row].flatMap((char, index) => {
      const next = row[(index + 1) % row.length]!;
      return [char + next, next + char];
    }),
  ),
);

/**
 * @param context words an attacker tries first: username, address, name of the service
 * @param least characters it must have
 */
export function passwordWeakness(
  password: string,
  context: readonly string[],
  least = minLength,
): PasswordWeakness | undefined {
  const length = [...password].length;
  if (length < least) {
    return { rule: 'minLength', message: `must have at least ${least} characters` };
  }
  if (length > maxLength) {
    return { rule: 'maxLength', message: `must have at most ${maxLength} characters` };
  }
  const folded = password.normalize('NFKC').toLowerCase();
  if (isRepetition(folded, least))
    return { rule: 'repetition', message: 'must not repeat one pattern' };
  if (isWalk(folded)) {
    return { rule: 'sequence', message: 'must not be a row of neighbouring keys or letters' };
  }
  if (isCommon(folded)) {
    return { rule: 'common', message: 'must not be a common password with digits or signs around' };
  }
  if (restWithout(folded, context).length < least / 2) {
    return {
      rule: 'context',
      message: 'must not be made of your name, your address or the name of this service',
    };
  }
  return undefined;
}

/** Whether it is too short to be the only factor. */
export function needsSecondFactor(password: string): boolean {
  return [...password].length < minLength;
}

/** `aaaa…`, `abcabcab…`, `word word`: what repeats counts once, and so is too short. */
function isRepetition(password: string, least: number): boolean {
  const longest = Math.min(least - 1, (password.length + 1) / 2);
  for (let period = 1; period <= longest; period++) {
    if (password.startsWith(password.slice(period))) return true;
  }
  return false;
}

/** At least four in five steps go to a neighbouring key, the same key, or the next letter. */
function isWalk(password: string): boolean {
  const chars = [...password];
  const steps = chars.slice(1).filter((char, index) => {
    const previous = chars[index]!;
    return char === previous || neighbours.has(previous + char);
  }).length;
  return steps / (chars.length - 1) >= 0.8;
}

function restWithout(password: string, context: readonly string[]): string {
  return context
    .flatMap((words) => words.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter((word) => word.length >= 4)
    .reduce((rest, word) => rest.replaceAll(word, ''), password);
}

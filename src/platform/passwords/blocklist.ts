import { dictionary } from '@zxcvbn-ts/language-common';

/** About 50,000 passwords that leaks show most often, in lower case. */
const common: ReadonlySet<string> = new Set(dictionary['passwords-common'] as string[]);

/** What people write for a letter. */
const lookAlikes: Record<string, string> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};
const shortestWord = 4;

/**
 * Whether a password is a common one, alone or with digits and signs around it: length made of
 * those is tried first (`password1234567`, `P@ssw0rd!!!!!!!`).
 * @param folded after NFKC, in lower case
 */
export function isCommon(folded: string): boolean {
  const word = folded.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  const candidates = [folded, word].flatMap((text) => [text, plain(text, 'l'), plain(text, 'i')]);
  return candidates.some((text) => text.length >= shortestWord && common.has(text));
}

/** `1` stands for l or i. */
function plain(text: string, one: 'l' | 'i'): string {
  return text.replace(/[013457@$!]/g, (sign) => (sign === '1' ? one : lookAlikes[sign]!));
}

import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `gh_<id>_<secret><checksum>`: the id finds the row, the secret is 256 random bits. Prefix, length
 * and checksum (CRC-32) let secret scanners find a key that leaked, and tell it from other text;
 * {@link apiKeyPattern} is for them.
 */
export interface ApiKey {
  /** UUID of the row. */
  id: string;
  /** The whole text; its hash is what is stored. */
  text: string;
}

/** What scanners look for; a match whose last six characters are not its checksum is no key. */
export const apiKeyPattern = 'gh_[0-9A-Za-z]{22}_[0-9A-Za-z]{49}';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base = BigInt(alphabet.length);
/** Digits that hold 16, 32 and 4 bytes. */
const idDigits = 22;
const secretDigits = 43;
const checksumDigits = 6;
const whole = new RegExp(`^${apiKeyPattern}$`);
const idStart = 'gh_'.length;

export function newApiKey(id: string): ApiKey {
  const number = BigInt(`0x${id.replaceAll('-', '')}`);
  const secret = BigInt(`0x${randomBytes(32).toString('hex')}`);
  const body = `gh_${encode(number, idDigits)}_${encode(secret, secretDigits)}`;
  return { id, text: body + checksumOf(body) };
}

/** Null for text that is no key of ours, as its form tells: nothing has to be looked up for it. */
export function parseApiKey(text: string): ApiKey | null {
  if (!whole.test(text)) return null;
  const body = text.slice(0, -checksumDigits);
  if (checksumOf(body) !== text.slice(-checksumDigits)) return null;
  const id = uuidOf(text.slice(idStart, idStart + idDigits));
  return id === null ? null : { id, text };
}

function checksumOf(body: string): string {
  return encode(BigInt(crc32(body)), checksumDigits);
}

function encode(number: bigint, digits: number): string {
  let text = '';
  for (let rest = number; text.length < digits; rest /= base) {
    text = alphabet[Number(rest % base)]! + text;
  }
  return text;
}

/** Null for a number that is larger than an id can be. */
function uuidOf(text: string): string | null {
  const number = [...text].reduce((sum, digit) => sum * base + BigInt(alphabet.indexOf(digit)), 0n);
  const hex = number.toString(16).padStart(32, '0');
  return hex.length > 32
    ? null
    : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

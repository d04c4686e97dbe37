import { type BinaryLike, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

import { verify as argon2Verify } from '@node-rs/argon2';

import type { PasswordVerifier } from './password-algorithm.js';

/*
 * Hashes that other systems wrote, in PHC form (`$id$param=value,…$salt$hash`), read so that their
 * users can be taken over and never written: a sign-in renews them. Their costs are bounded, since
 * each sign-in of such a user pays them.
 */

interface Derivation {
  salt: Buffer;
  hash: Buffer;
  parameters: ReadonlyMap<string, number>;
}

const derivePbkdf2 = promisify(pbkdf2);
const deriveScrypt = promisify<BinaryLike, BinaryLike, number, object, Buffer>(scrypt);

/** PHC form; the version (`v=19`) stands before the parameters where there is one. */
const phcForm = /^\$([a-z0-9-]+)(?:\$v=\d+)?\$([a-z]+=\d+(?:,[a-z]+=\d+)*)\$([^$]+)\$([^$]+)$/;
/** Base64 without padding; passlib writes `.` for `+`. */
const encoding = /^[A-Za-z0-9+/.]+$/;
const shortestHash = 16;
const longestHash = 128;
const mebibyte = 1024 * 1024;

function parse(hash: string, id: RegExp): Derivation | null {
  const [, name = '', parameters = '', salt = '', derived = ''] = phcForm.exec(hash) ?? [];
  if (!id.test(name) || !encoding.test(salt) || !encoding.test(derived)) return null;
  const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('.', '+'), 'base64');
  const length = bytes(derived).length;
  if (length < shortestHash || length > longestHash) return null;
  const pairs = parameters.split(',').map((pair) => pair.split('='));
  // Named twice, one would be checked here and the other used there.
  if (new Set(pairs.map(([key]) => key)).size < pairs.length) return null;
  return {
    salt: bytes(salt),
    hash: bytes(derived),
    parameters: new Map(pairs.map(([key, value]) => [key!, Number(value)])),
  };
}

function within(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && Number.isInteger(value) && value >= least && value <= most;
}

/** Argon2i, Argon2d and Argon2id of any parameters (RFC 9106). */
export const foreignArgon2: PasswordVerifier = {
  name: 'argon2',
  recognises(hash) {
    const { parameters } = parse(hash, /^argon2(i|d|id)$/) ?? {};
    return (
      within(parameters?.get('m'), 8, 1_048_576) &&
      within(parameters?.get('t'), 1, 20) &&
      within(parameters?.get('p'), 1, 16)
    );
  },
  verify: (hash, password) => argon2Verify(hash, password),
};

/** `$scrypt$ln=17,r=8,p=1$salt$hash` (RFC 7914); `ln` is the logarithm of N. */
export const foreignScrypt: PasswordVerifier = {
  name: 'scrypt',
  recognises(hash) {
    const { parameters } = parse(hash, /^scrypt$/) ?? {};
    const [ln = 0, r = 0, p = 0] = ['ln', 'r', 'p'].map((name) => parameters?.get(name));
    const memory = 128 * 2 ** ln * r;
    return within(ln, 1, 20) && within(r, 1, 32) && within(p, 1, 16) && memory <= 256 * mebibyte;
  },
  async verify(hash, password) {
    const { salt, hash: expected, parameters } = parse(hash, /^scrypt$/)!;
    const derived = await deriveScrypt(password, salt, expected.length, {
      N: 2 ** parameters.get('ln')!,
      r: parameters.get('r'),
      p: parameters.get('p'),
      maxmem: 512 * mebibyte,
    });
    return timingSafeEqual(derived, expected);
  },
};

/** `$pbkdf2-sha256$i=600000$salt$hash`, also with SHA-1 and SHA-512 (RFC 8018). */
export const foreignPbkdf2: PasswordVerifier = {
  name: 'pbkdf2',
  recognises(hash) {
    const { parameters } = parse(hash, /^pbkdf2-sha(1|256|512)$/) ?? {};
    return within(parameters?.get('i'), 1, 5_000_000);
  },
  verify: async (hash, password) => {
    const { salt, hash: expected, parameters } = parse(hash, /^pbkdf2-/)!;
    const digest = /^\$pbkdf2-(sha\d+)/.exec(hash)![1]!;
    const rounds = parameters.get('i')!;
    const derived = await derivePbkdf2(password, salt, rounds, expected.length, digest);
    return timingSafeEqual(derived, expected);
  },
};

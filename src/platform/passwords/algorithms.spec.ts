import bcrypt from 'bcrypt';

import { Argon2id, Bcrypt } from './algorithms.js';
import type { PasswordAlgorithm } from './password-algorithm.js';

const argon2id = new Argon2id(19_456, 2);
const bcrypt4 = new Bcrypt(4); // quick; the configuration allows 12 and more
const password = 'a ship in port is safe';

describe.each<[string, PasswordAlgorithm, RegExp]>([
  ['argon2id', argon2id, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/],
  ['bcrypt', bcrypt4, /^\$2b\$04\$/],
])('%s', (name, algorithm, format) => {
  it('[ID-04][V11.4.2] verifies the password it hashed and no other', async () => {
    const hash = await algorithm.hash(password);
    expect(algorithm.name).toBe(name);
    expect(hash).toMatch(format);
    expect(algorithm.recognises(hash)).toBe(true);
    expect(algorithm.isCurrent(hash)).toBe(true);
    expect(await algorithm.verify(hash, password)).toBe(true);
    for (const other of ['', 'A ship in port is safe', `${password} `, password.slice(1)]) {
      expect(await algorithm.verify(hash, other)).toBe(false);
    }
  });

  it('[ID-04] salts: equal passwords have different hashes', async () => {
    expect(await algorithm.hash(password)).not.toBe(await algorithm.hash(password));
  });

  it.each([
    ['71 bytes', 'x'.repeat(71)],
    ['72 bytes', 'x'.repeat(72)],
    ['73 bytes', 'x'.repeat(73)],
    ['128 bytes', 'x'.repeat(128)],
    ['256 characters of four bytes', '😀'.repeat(256)],
  ])('[ID-04][V6.2.8] heeds every byte of %s', async (_name, long) => {
    const hash = await algorithm.hash(long);
    expect(await algorithm.verify(hash, long)).toBe(true);
    expect(await algorithm.verify(hash, long.slice(0, -1))).toBe(false);
    expect(await algorithm.verify(hash, `${long}x`)).toBe(false);
    expect(await algorithm.verify(hash, `${long.slice(0, -2)}yy`)).toBe(false);
  });

  it('[ID-04][V6.2.8] verifies a password exactly as it came', async () => {
    const composed = '\u00e9 is the letter é';
    const hash = await algorithm.hash(composed);
    expect(await algorithm.verify(hash, composed.normalize('NFD'))).toBe(false);
    expect(await algorithm.verify(hash, composed.toUpperCase())).toBe(false);
    expect(await algorithm.verify(hash, ` ${composed}`)).toBe(false);
  });
});

const argon2idHash =
  '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$TsYc1A7SxWwGKSEKCcoqQ4ZBJkqYJ4HyJ8Ar3hD1yTo';

describe('Recognising hashes', () => {
  it('[ID-04] keeps algorithms and strange texts apart', () => {
    expect(argon2id.recognises(argon2idHash)).toBe(true);
    expect(bcrypt4.recognises(`$2b$12$${'a'.repeat(53)}`)).toBe(true);
    for (const hash of [
      '',
      'password',
      '$argon2i$v=19$',
      '$argon2d$',
      '$1$',
      '$2x$',
      '$2b',
      '$5$',
    ]) {
      expect([argon2id.recognises(hash), bcrypt4.recognises(hash)]).toEqual([false, false]);
    }
  });

  it.each(['a', 'b', 'y'])('[ID-04] verifies hashes that start with $2%s$', async (revision) => {
    const hash = (await bcrypt.hash(password, 4)).replace('$2b$', `$2${revision}$`);
    expect(bcrypt4.recognises(hash)).toBe(true);
    expect(await bcrypt4.verify(hash, password)).toBe(true);
    expect(await bcrypt4.verify(hash, 'something else')).toBe(false);
  });

  it.each([
    ['$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA', true],
    ['$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', true],
    ['$argon2id$v=19$m=19455,t=2,p=1$c2FsdA$aGFzaA', false],
    ['$argon2id$v=19$m=65536,t=1,p=1$c2FsdA$aGFzaA', false],
    ['$argon2id$broken', false],
  ])('[ID-04] knows whether %s is strong enough today: %s', (hash, current) => {
    expect(argon2id.isCurrent(hash)).toBe(current);
  });

  it('[ID-04] knows whether a cost of bcrypt is enough today', () => {
    const bcrypt12 = new Bcrypt(12);
    expect(bcrypt12.isCurrent('$2b$12$x')).toBe(true);
    expect(bcrypt12.isCurrent('$2a$14$x')).toBe(true);
    expect(bcrypt12.isCurrent('$2b$10$x')).toBe(false);
    expect(bcrypt12.isCurrent('$2b$xx$x')).toBe(false);
  });
});

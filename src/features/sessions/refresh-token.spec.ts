import {
  decodeRefreshToken,
  encodeRefreshToken,
  hashesOf,
  newRefreshToken,
  openSuccessor,
  sealSuccessor,
} from './refresh-token.js';

describe('Refresh tokens', () => {
  it('[ID-07][V11.5.1] carry 128 bits to find and 256 bits to prove', () => {
    const token = newRefreshToken();
    expect(token.family).toHaveLength(16);
    expect(token.secret).toHaveLength(32);
    expect(decodeRefreshToken(encodeRefreshToken(token))).toEqual(token);
  });

  it.each([
    ['empty', ''],
    ['too short', 'a'.repeat(63)],
    ['too long', 'a'.repeat(65)],
    ['padded', `${'a'.repeat(63)}=`],
    ['of another alphabet', `${'a'.repeat(63)}+`],
  ])('[ID-07] %s text is none', (_name, text) => {
    expect(decodeRefreshToken(text)).toBeNull();
  });

  it('[ID-07] a successor opens for its predecessor only', () => {
    const first = newRefreshToken();
    const second = newRefreshToken(first.family);
    const sealed = sealSuccessor(second, first);
    expect(openSuccessor(sealed, first)).toEqual(second);
    expect(() => openSuccessor(sealed, second)).toThrow();
    expect(sealed.includes(second.secret)).toBe(false);
  });

  it('[ID-07] what is stored is not what is presented', () => {
    const token = newRefreshToken();
    const { family, secret } = hashesOf(token);
    expect(family.equals(token.family)).toBe(false);
    expect(secret).toHaveLength(32);
    expect(secret.equals(token.secret)).toBe(false);
  });
});

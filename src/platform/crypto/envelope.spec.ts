import { randomBytes } from 'node:crypto';

import { modifiedTags, validVectors } from '../../../test/support/aes-gcm-vectors.js';
import { decrypt, encrypt, open, seal } from './envelope.js';

describe('Sealed values', () => {
  const key = randomBytes(32);

  it('[DP-01] open with the same key and context', () => {
    const sealed = seal(key, Buffer.from('secret'), 'table.column:1');
    expect(open(key, sealed, 'table.column:1').toString()).toBe('secret');
    expect(sealed.includes('secret')).toBe(false);
  });

  it('[DP-01][V11.3.3] do not open in another row, with another key, or changed anywhere', () => {
    const sealed = seal(key, Buffer.from('secret'), 'table.column:1');
    expect(() => open(key, sealed, 'table.column:2')).toThrow();
    expect(() => open(randomBytes(32), sealed, 'table.column:1')).toThrow();
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => open(key, changed, 'table.column:1')).toThrow();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => open(key, sealed.subarray(0, length), 'table.column:1')).toThrow();
    }
  });

  it('[DP-01][V11.3.4] never repeat a nonce', () => {
    const nonces = new Set(
      Array.from({ length: 5_000 }, () =>
        seal(key, Buffer.of(1), 'x').subarray(1, 13).toString('hex'),
      ),
    );
    expect(nonces.size).toBe(5_000);
  });

  it.each(validVectors)(
    '[DP-01] are those of Wycheproof vector $id',
    ({ key: k, iv, aad, msg, ct, tag }) => {
      const ciphertext = Buffer.concat([ct, tag]);
      expect(Buffer.concat(encrypt(k, iv, msg, aad))).toEqual(ciphertext);
      expect(decrypt(k, iv, ciphertext, aad)).toEqual(msg);
      const cut = Buffer.concat([ct, tag.subarray(0, 12)]);
      expect(() => decrypt(k, iv, cut, aad)).toThrow(); // NIST would allow 96 bits; we do not
    },
  );

  it.each(Object.entries(modifiedTags.tags))(
    '[DP-01][F17] do not open with the tag of Wycheproof vector %s',
    (_, tag) => {
      const [k, iv, ct] = [modifiedTags.key, modifiedTags.iv, modifiedTags.ct + tag].map((hex) =>
        Buffer.from(hex, 'hex'),
      ) as [Buffer, Buffer, Buffer];
      expect(() => decrypt(k, iv, ct, Buffer.alloc(0))).toThrow();
    },
  );
});

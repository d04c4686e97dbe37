import { randomBytes } from 'node:crypto';

import { open, seal } from './envelope.js';

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
});

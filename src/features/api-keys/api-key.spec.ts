import { crc32 } from 'node:zlib';

import { apiKeyPattern, newApiKey, parseApiKey } from './api-key.js';

const id = '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10';

describe('API keys', () => {
  it('[AC-02] are found by the pattern for secret scanners, and name their row', () => {
    for (const each of [id, '00000000-0000-0000-0000-000000000000', 'f'.repeat(8) + id.slice(8)]) {
      const { text } = newApiKey(each);
      const scanner = new RegExp(`\\b${apiKeyPattern}\\b`);
      expect(scanner.exec(`export KEY="${text}";`)?.[0]).toBe(text);
      expect(parseApiKey(text)).toEqual({ id: each, text });
    }
  });

  it('[AC-02] end in the CRC-32 of what is before it, in base 62', () => {
    const { text } = newApiKey(id);
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const checksum = [...text.slice(-6)].reduce(
      (sum, digit) => sum * 62 + digits.indexOf(digit),
      0,
    );
    expect(checksum).toBe(crc32(text.slice(0, -6)));
  });

  it('[AC-02] are never the same', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newApiKey(id).text)).size).toBe(1_000);
  });

  it('[AC-02] with any one character changed are no keys', () => {
    const { text } = newApiKey(id);
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'x' ? 'y' : 'x';
      expect(parseApiKey(text.slice(0, at) + other + text.slice(at + 1))).toBeNull();
    }
  });

  const good = newApiKey(id).text;
  it.each([
    ['nothing', ''],
    ['a prefix', 'gh_'],
    ['one character less', good.slice(0, -1)],
    ['one character more', `${good}0`],
    ['space before it', ` ${good}`],
    ['a line break after it', `${good}\n`],
    ['a foreign prefix', good.replace('gh_', 'gp_')],
    ['capitals', good.toUpperCase()],
    ['an id larger than a UUID', withChecksum(`gh_${'z'.repeat(22)}_${good.slice(26, -6)}`)],
    ['a megabyte', 'gh_'.padEnd(1_000_000, '0')],
  ])('[AC-02] are not read from %s', (_what, text) => {
    expect(parseApiKey(text)).toBeNull();
  });
});

function withChecksum(body: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let text = '';
  for (let rest = crc32(body); text.length < 6; rest = Math.floor(rest / 62)) {
    text = digits[rest % 62]! + text;
  }
  return body + text;
}

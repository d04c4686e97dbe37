import { base32, hotp, matchingStep, otpauthUrl, stepAt, type TotpAlgorithm } from './totp.js';

/** RFC 6238 appendix B: the seed is the digits, repeated to the length of the hash. */
const seed = (length: number): Buffer => Buffer.from('1234567890'.repeat(7).slice(0, length));
const seeds = { sha1: seed(20), sha256: seed(32), sha512: seed(64) };

const vectors: [number, TotpAlgorithm, string][] = [
  [59, 'sha1', '94287082'],
  [59, 'sha256', '46119246'],
  [59, 'sha512', '90693936'],
  [1111111109, 'sha1', '07081804'],
  [1111111109, 'sha256', '68084774'],
  [1111111109, 'sha512', '25091201'],
  [1111111111, 'sha1', '14050471'],
  [1111111111, 'sha256', '67062674'],
  [1111111111, 'sha512', '99943326'],
  [1234567890, 'sha1', '89005924'],
  [1234567890, 'sha256', '91819424'],
  [1234567890, 'sha512', '93441116'],
  [2000000000, 'sha1', '69279037'],
  [2000000000, 'sha256', '90698825'],
  [2000000000, 'sha512', '38618901'],
  [20000000000, 'sha1', '65353130'],
  [20000000000, 'sha256', '77737706'],
  [20000000000, 'sha512', '47863826'],
];

describe('TOTP', () => {
  it.each(vectors)('[ID-09] RFC 6238 at %d with %s', (seconds, algorithm, code) => {
    expect(hotp(seeds[algorithm], stepAt(seconds * 1000), algorithm, 8)).toBe(code);
  });

  it('[ID-09] RFC 4226 appendix D', () => {
    const codes = Array.from({ length: 10 }, (_, counter) => hotp(seeds.sha1, counter));
    expect(codes).toEqual([
      '755224',
      '287082',
      '359152',
      '969429',
      '338314',
      '254676',
      '287922',
      '162583',
      '399871',
      '520489',
    ]);
  });

  it('[ID-09][V6.5.5] takes the step before and after, no other, and nothing that is no code', () => {
    const now = 1_763_600_000_000;
    const step = stepAt(now);
    for (const near of [step - 1, step, step + 1]) {
      expect(matchingStep(seeds.sha1, hotp(seeds.sha1, near), now)).toBe(near);
    }
    for (const far of [step - 2, step + 2]) {
      expect(matchingStep(seeds.sha1, hotp(seeds.sha1, far), now)).toBeNull();
    }
    for (const text of ['', '12345', '1234567', '١٢٣٤٥٦', '000000\n']) {
      expect(matchingStep(seeds.sha1, text, now)).toBeNull();
    }
  });

  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('[ID-09] RFC 4648: %p', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded);
  });

  it('[ID-09] the address for authenticator apps names issuer and account', () => {
    expect(otpauthUrl(Buffer.from('foobar'), 'ada@example.com', 'id.example.com')).toBe(
      'otpauth://totp/id.example.com:ada%40example.com?secret=MZXW6YTBOI&issuer=id.example.com&algorithm=SHA1&digits=6&period=30',
    );
  });
});

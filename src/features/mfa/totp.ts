import { createHmac, timingSafeEqual } from 'node:crypto';

/** RFC 6238 section 5.2: the length of one time step. */
export const stepSeconds = 30;
const digits = 6;
/** Steps that a clock may be off, or a person slow (RFC 6238 section 5.2). */
const window = 1;
/** RFC 4226 section 4, requirement 6: 160 bits are recommended. */
export const secretBytes = 20;

export type TotpAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** The code of one counter value (RFC 4226 section 5.3). */
export function hotp(
  secret: Buffer,
  counter: number,
  algorithm: TotpAlgorithm = 'sha1',
  length = digits,
): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const hash = createHmac(algorithm, secret).update(message).digest();
  const offset = hash.at(-1)! & 0xf;
  const truncated = hash.readUInt32BE(offset) & 0x7fffffff;
  return String(truncated % 10 ** length).padStart(length, '0');
}

/** @param time milliseconds since 1970 */
export function stepAt(time: number): number {
  return Math.floor(time / 1000 / stepSeconds);
}

/**
 * The time step near `time` whose code this is; null when it is none of them. Compares with all
 * of them in constant time. Whether the step was used before is for the caller to decide.
 */
export function matchingStep(secret: Buffer, code: string, time: number): number | null {
  const given = Buffer.from(code);
  if (given.length !== digits) return null;
  let match: number | null = null;
  for (let step = stepAt(time) - window; step <= stepAt(time) + window; step++) {
    if (timingSafeEqual(Buffer.from(hotp(secret, step)), given)) match = step;
  }
  return match;
}

/** RFC 4648 section 6, without padding, as authenticator apps read it. */
export function base32(bytes: Buffer): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
}

/** What an authenticator app reads from a QR code (Key URI Format). */
export function otpauthUrl(secret: Buffer, account: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const parameters = new URLSearchParams({
    secret: base32(secret),
    issuer,
    algorithm: 'SHA1',
    digits: String(digits),
    period: String(stepSeconds),
  });
  return `otpauth://totp/${label}?${parameters.toString()}`;
}

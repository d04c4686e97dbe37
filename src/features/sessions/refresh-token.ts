import { hkdfSync, randomBytes } from 'node:crypto';

import { open, seal, tokenHash } from '../../platform/crypto/index.js';

const familyBytes = 16;
const secretBytes = 32;
const totalBytes = familyBytes + secretBytes;
const encodedLength = (totalBytes / 3) * 4;

/**
 * A refresh token: `family` finds the session and stays the same, `secret` works once. Neither
 * is stored, only their hashes. Knowing a family without its current secret proves that somebody
 * holds an old token of it.
 */
export interface RefreshToken {
  family: Buffer;
  secret: Buffer;
}

export function newRefreshToken(family: Buffer = randomBytes(familyBytes)): RefreshToken {
  return { family, secret: randomBytes(secretBytes) };
}

export function encodeRefreshToken({ family, secret }: RefreshToken): string {
  return Buffer.concat([family, secret]).toString('base64url');
}

/** Null when the text cannot be one of ours; only the one canonical form is read. */
export function decodeRefreshToken(text: string): RefreshToken | null {
  if (text.length !== encodedLength || !/^[A-Za-z0-9_-]+$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  return { family: bytes.subarray(0, familyBytes), secret: bytes.subarray(familyBytes) };
}

export function hashesOf({ family, secret }: RefreshToken): { family: Buffer; secret: Buffer } {
  return { family: hashOf(family), secret: hashOf(secret) };
}

/** Seals a successor so that only the holder of the token it replaces can read it. */
export function sealSuccessor(successor: RefreshToken, replaced: RefreshToken): Buffer {
  return seal(keyFrom(replaced), successor.secret, 'sessions.successor_sealed');
}

/** @throws Error when `replaced` is not the token the successor was sealed for */
export function openSuccessor(sealed: Buffer, replaced: RefreshToken): RefreshToken {
  const secret = open(keyFrom(replaced), sealed, 'sessions.successor_sealed');
  return { family: replaced.family, secret };
}

/** HKDF (RFC 5869): the same secret gives a hash to store and, separately, a key. */
function keyFrom({ secret }: RefreshToken): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse refresh token successor', 32));
}

function hashOf(part: Buffer): Buffer {
  return tokenHash(part.toString('base64url'));
}

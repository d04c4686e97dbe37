import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits as text that is safe in URLs and headers (ASVS V11.5.1). */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of a random token. A fast hash suffices: the input cannot be guessed. */
export function tokenHash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

import { randomBytes } from 'node:crypto';

import { tokenHash } from '../../platform/crypto/index.js';
import { base32 } from './totp.js';

/** How many a user gets at once. */
export const recoveryCodeCount = 10;
/** 160 bits: a fast hash suffices for what cannot be guessed (ASVS V6.5.2 demands 112). */
const bytes = 20;
const letters = (bytes / 5) * 8;

/** Four groups of eight letters and digits that look unlike each other. */
export function newRecoveryCode(): string {
  return base32(randomBytes(bytes)).replace(/(.{8})(?=.)/g, '$1-');
}

export function newRecoveryCodes(): string[] {
  return Array.from({ length: recoveryCodeCount }, newRecoveryCode);
}

/** What is stored; null when the text cannot be one. Case, spaces and hyphens are free. */
export function recoveryCodeHash(text: string): Buffer | null {
  const code = text.replace(/[\s-]/g, '').toUpperCase();
  return code.length === letters && /^[A-Z2-7]+$/.test(code) ? tokenHash(code) : null;
}

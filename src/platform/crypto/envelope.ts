import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** First byte of a sealed value, so that a later format can be told from this one. */
const version = 1;
const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce: `version | nonce | ciphertext | tag`.
 * @param key 32 bytes; must seal fewer than 2^32 values
 * @param context associated data, e.g. table, column and row id: a value moved elsewhere does
 *   not open (ASVS V11.3.3)
 */
export function seal(key: Buffer, plaintext: Buffer, context: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(version), iv, ciphertext, cipher.getAuthTag()]);
}

/** @throws Error when key, context or value are not the ones that were sealed together */
export function open(key: Buffer, sealed: Buffer, context: string): Buffer {
  if (sealed[0] !== version || sealed.length < 1 + ivBytes + tagBytes) {
    throw new Error('not a sealed value');
  }
  const iv = sealed.subarray(1, 1 + ivBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(-tagBytes));
  const ciphertext = sealed.subarray(1 + ivBytes, -tagBytes);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

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
  return Buffer.concat([
    Buffer.of(version),
    iv,
    ...encrypt(key, iv, plaintext, Buffer.from(context)),
  ]);
}

/** @throws Error when key, context or value are not the ones that were sealed together */
export function open(key: Buffer, sealed: Buffer, context: string): Buffer {
  if (sealed[0] !== version || sealed.length < 1 + ivBytes + tagBytes) {
    throw new Error('not a sealed value');
  }
  const iv = sealed.subarray(1, 1 + ivBytes);
  return decrypt(key, iv, sealed.subarray(1 + ivBytes), Buffer.from(context));
}

/** Ciphertext in parts, the tag last. Never twice with the same key and nonce. */
export function encrypt(key: Buffer, iv: Buffer, plaintext: Buffer, aad: Buffer): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad);
  return [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
}

/** @throws Error when the tag, the last 16 bytes, is not that of key, nonce, data and ciphertext */
export function decrypt(key: Buffer, iv: Buffer, ciphertext: Buffer, aad: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
    .setAAD(aad)
    .setAuthTag(ciphertext.subarray(-tagBytes));
  const plaintext = decipher.update(ciphertext.subarray(0, -tagBytes));
  return Buffer.concat([plaintext, decipher.final()]);
}

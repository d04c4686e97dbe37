import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';

import type { KeyRing } from '../../platform/crypto/index.js';

export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256';

export interface SigningKey {
  /** RFC 7638 thumbprint of the public key; the `kid` of its tokens. */
  id: string;
  algorithm: SigningAlgorithm;
  publicJwk: JsonWebKey;
  /** Kept as objects: jsonwebtoken would parse PEM at every use. */
  publicKey: KeyObject;
  privateKey: KeyObject;
}

interface StoredSigningKey {
  id: string;
  algorithm: SigningAlgorithm;
  privateSealed: Buffer;
}

const generate = promisify(generateKeyPair);

/** RSA with 3072 bits (ASVS V11.2.3) or P-256, by algorithm. */
export async function generateSigningKey(algorithm: SigningAlgorithm): Promise<SigningKey> {
  const { privateKey } =
    algorithm === 'ES256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: 3072 });
  return signingKeyFrom(algorithm, privateKey);
}

export function exportPrivateKey({ privateKey }: SigningKey): Buffer {
  return privateKey.export({ type: 'pkcs8', format: 'der' });
}

export function importPrivateKey(algorithm: SigningAlgorithm, der: Buffer): SigningKey {
  return signingKeyFrom(algorithm, createPrivateKey({ key: der, type: 'pkcs8', format: 'der' }));
}

/** The private part as it is stored; it opens only in the row of its key. */
export function sealSigningKey(ring: KeyRing, key: SigningKey): Buffer {
  return ring.seal('signing-keys', exportPrivateKey(key), sealContext(key.id));
}

/** @throws Error when the value was changed, moved to another row, or sealed by another key */
export function openSigningKey(
  ring: KeyRing,
  { id, algorithm, privateSealed }: StoredSigningKey,
): SigningKey {
  const der = ring.open('signing-keys', privateSealed, sealContext(id));
  return importPrivateKey(algorithm, der);
}

function sealContext(id: string): string {
  return `signing_keys.private_sealed:${id}`;
}

function signingKeyFrom(algorithm: SigningAlgorithm, privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const publicJwk = publicKey.export({ format: 'jwk' });
  return { id: thumbprint(publicJwk), algorithm, publicJwk, publicKey, privateKey };
}

/** RFC 7638: SHA-256 over the required members in lexicographic order. */
export function thumbprint(jwk: JsonWebKey): string {
  const members =
    jwk.kty === 'EC'
      ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
      : { e: jwk.e, kty: jwk.kty, n: jwk.n };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

import type { SigningKey } from './signing-key.js';

/** A public key as a JSON Web Key (RFC 7517). */
export class JwkView {
  /** @example "RSA" */
  kty: string;
  /** @example "sig" */
  use: string;
  /** @example "RS256" */
  alg: string;
  /** Thumbprint (RFC 7638). */
  kid: string;
  /** RSA modulus. */
  n?: string;
  /** RSA exponent. */
  e?: string;
  /** Curve of an elliptic-curve key. */
  crv?: string;
  x?: string;
  y?: string;

  static of({ id, algorithm, publicJwk }: SigningKey): JwkView {
    return Object.assign(new JwkView(), { ...publicJwk, use: 'sig', alg: algorithm, kid: id });
  }
}

export class JwksView {
  keys: JwkView[];
}

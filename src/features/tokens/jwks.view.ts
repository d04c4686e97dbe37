import { ApiProperty } from '@nestjs/swagger';

import type { SigningAlgorithm, SigningKey } from './signing-key.js';

const base64url = { maxLength: 1_024, pattern: '^[A-Za-z0-9_-]+$' };

/** A public key as a JSON Web Key (RFC 7517). */
export class JwkView {
  /** @example "RSA" */
  kty: 'RSA' | 'EC';
  use: 'sig';
  /** @example "RS256" */
  alg: SigningAlgorithm;
  /**
   * Thumbprint (RFC 7638).
   * @example "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
   */
  @ApiProperty({ maxLength: 43, pattern: '^[A-Za-z0-9_-]+$' })
  kid: string;
  /** RSA modulus. */
  @ApiProperty(base64url)
  n?: string;
  /** RSA exponent. */
  @ApiProperty(base64url)
  e?: string;
  /** Curve of an elliptic-curve key. */
  crv?: 'P-256';
  @ApiProperty(base64url)
  x?: string;
  @ApiProperty(base64url)
  y?: string;

  static of({ id, algorithm, publicJwk }: SigningKey): JwkView {
    return Object.assign(new JwkView(), { ...publicJwk, use: 'sig', alg: algorithm, kid: id });
  }
}

export class JwksView {
  @ApiProperty({ maxItems: 100 })
  keys: JwkView[];
}

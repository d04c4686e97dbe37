import { createPublicKey, sign, verify } from 'node:crypto';

import {
  exportPrivateKey,
  generateSigningKey,
  importPrivateKey,
  thumbprint,
} from './signing-key.js';

describe('Signing keys', () => {
  it('[ID-06][V11.2.3] RSA keys have 3072 bits and survive export', async () => {
    const key = await generateSigningKey('RS256');
    expect(key.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    const again = importPrivateKey('RS256', exportPrivateKey(key));
    expect(again.id).toBe(key.id);
    const signature = sign('sha256', Buffer.from('x'), again.privateKey);
    expect(verify('sha256', Buffer.from('x'), key.publicKey, signature)).toBe(true);
  });

  it('[ID-06] the public JWK holds nothing private', async () => {
    for (const algorithm of ['RS256', 'ES256'] as const) {
      const { publicJwk } = await generateSigningKey(algorithm);
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'])
        expect(publicJwk).not.toHaveProperty(member);
      expect(createPublicKey({ key: publicJwk, format: 'jwk' }).type).toBe('public');
    }
  });

  it('[ID-06] the id is the thumbprint of RFC 7638, section 3.1', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
      'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr' +
      'n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    expect(thumbprint({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' })).toBe(
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    );
  });
});

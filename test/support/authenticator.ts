import { hotp, stepAt } from '../../src/features/mfa/totp.js';
import type { Answer, SignedIn, TestApp } from './test-app.js';

/** What an authenticator app does: keeps a secret and shows the code of now. */
export class Authenticator {
  readonly secret: Buffer;

  constructor(base32: string) {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const bits = [...base32].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
    const bytes = bits.match(/.{8}/g) ?? [];
    this.secret = Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
  }

  /** @param steps 30 s each, from now */
  code(steps = 0): string {
    return hotp(this.secret, stepAt(Date.now()) + steps);
  }

  /** Puts a second factor in place for a user of the test. */
  static async enrol(
    app: TestApp,
    { accessToken: token }: SignedIn,
  ): Promise<{ authenticator: Authenticator; recoveryCodes: string[]; confirmed: Answer }> {
    const begun = await app.call('POST', '/api/v1/auth/mfa/totp', { token });
    const authenticator = new Authenticator(begun.body.secret as string);
    const code = authenticator.code(-1); // leaves the codes of now and next for the test
    const confirmed = await app.post('/api/v1/auth/mfa/totp/confirm', { code }, { token });
    return {
      authenticator,
      recoveryCodes: confirmed.body.recoveryCodes as string[],
      confirmed,
    };
  }
}

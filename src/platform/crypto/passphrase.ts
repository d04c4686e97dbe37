import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

/** What OWASP asks of PBKDF2-HMAC-SHA-256; NIST SP 800-132 leaves the number open. */
export const passphraseIterations = 600_000;
export const saltBytes = 16;

const derive = promisify(pbkdf2);

/** A master key that people remember or keep on paper. It becomes one with the database's salt. */
export class Passphrase {
  constructor(
    private readonly text: string,
    /** Where it came from, for messages. */
    readonly source: string,
  ) {}

  /** 32 bytes by PBKDF2-HMAC-SHA-256 (RFC 8018). Composed, so that keyboards make no difference. */
  derive(salt: Buffer, iterations: number): Promise<Buffer> {
    return derive(this.text.normalize('NFC'), salt, iterations, 32, 'sha256');
  }
}

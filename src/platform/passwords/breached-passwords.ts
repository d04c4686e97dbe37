import { createHash } from 'node:crypto';

import { Injectable, Logger } from '@nestjs/common';

import { AccountsConfig } from '../config/index.js';
import { Outgoing } from '../outgoing/index.js';

/** A padded answer of the public service has about 40 kB. */
const maxBytes = 512 * 1024;
const timeoutMs = 1_500;

/**
 * Asks a Pwned Passwords range service whether a password is in a known leak. Only the first five
 * hexadecimal digits of its SHA-1 leave the house, which some 500 to 1,000 leaked passwords share,
 * and padding hides how many (ASVS V6.2.12).
 */
@Injectable()
export class BreachedPasswords {
  private readonly logger = new Logger('BreachedPasswords');

  constructor(
    private readonly outgoing: Outgoing,
    private readonly config: AccountsConfig,
  ) {}

  /** False also when the service cannot be asked: nobody is kept from setting a password by that. */
  async has(password: string): Promise<boolean> {
    const { breachedPasswordsUrl } = this.config;
    if (!breachedPasswordsUrl) return false;
    const hash = createHash('sha1').update(password).digest('hex').toUpperCase();
    try {
      const { status, body } = await this.outgoing.get(
        `${breachedPasswordsUrl}/range/${hash.slice(0, 5)}`,
        { timeoutMs, maxBytes, headers: { 'add-padding': 'true', 'user-agent': 'gatehouse' } },
      );
      if (status === 200) return contains(body, hash.slice(5));
      this.logger.warn({ status }, 'The breached-password service did not answer as it should');
    } catch (error) {
      this.logger.warn({ err: error }, 'The breached-password service could not be asked');
    }
    return false;
  }
}

/** Lines are `SUFFIX:COUNT`; a count of 0 is padding. */
function contains(body: string, suffix: string): boolean {
  return body.split(/\r?\n/).some((line) => {
    const [found, count] = line.split(':');
    return found?.toUpperCase() === suffix && Number(count) > 0;
  });
}

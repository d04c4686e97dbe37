import { Injectable } from '@nestjs/common';

import { invalid } from '../errors/app-error.js';
import { BreachedPasswords } from './breached-passwords.js';
import { minLength, minLengthWithSecondFactor, passwordWeakness } from './password-policy.js';

export interface PasswordUse {
  /** Words an attacker tries first: username, address. */
  context: readonly string[];
  /** Whether a second factor stands beside it, so that it may be shorter. */
  secondFactor?: boolean;
}

/** What a new password must satisfy, wherever one is set. */
@Injectable()
export class PasswordPolicy {
  constructor(private readonly breached: BreachedPasswords) {}

  /** @throws AppError `validation.failed` that names the rule */
  async demand(password: string, { context, secondFactor = false }: PasswordUse): Promise<void> {
    const least = secondFactor ? minLengthWithSecondFactor : minLength;
    const weakness = passwordWeakness(password, [...context, 'gatehouse'], least);
    if (weakness) throw invalid('/password', weakness.rule, weakness.message);
    if (await this.breached.has(password)) {
      throw invalid('/password', 'breached', 'is in a known leak: choose another one');
    }
  }
}

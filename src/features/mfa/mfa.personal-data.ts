import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { MfaRepository } from './mfa.repository.js';

/** That there is a factor, never its secret or codes. */
@Injectable()
@HoldsPersonalData({
  section: 'secondFactor',
  tables: ['totp_secrets', 'recovery_codes', 'mfa_challenges'],
})
export class MfaPersonalData implements PersonalDataHolder {
  constructor(private readonly factors: MfaRepository) {}

  personalDataOf(userId: string): Promise<unknown> {
    return this.factors.state(userId);
  }
}

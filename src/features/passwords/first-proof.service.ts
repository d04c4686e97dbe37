import { Injectable } from '@nestjs/common';

import { ApiKeysService } from '../api-keys/index.js';
import { AuditService } from '../audit/index.js';
import { MfaService } from '../mfa/index.js';
import { AccountChangesService, type Contact } from '../users/index.js';

/**
 * The moment in which an account is first shown to be its address owner's. Until then anybody may
 * have made it: keys and a second factor that were put in place before are a stranger's, who would
 * keep a way in or keep the owner out.
 */
@Injectable()
export class FirstProofService {
  constructor(
    private readonly accounts: AccountChangesService,
    private readonly factors: MfaService,
    private readonly keys: ApiKeysService,
    private readonly audit: AuditService,
  ) {}

  /** In the running transaction, which has replaced the password and ended the sessions. */
  async given({ id, email }: Contact): Promise<void> {
    await this.factors.forget(id);
    await this.keys.revokeAllOf(id);
    await this.accounts.confirmAddress(id, email);
    const target = { kind: 'user', id } as const;
    await this.audit.record('users.address_confirmed', {}, { target, actorId: id });
  }
}

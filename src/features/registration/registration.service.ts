import { Injectable } from '@nestjs/common';

import { AccountsConfig } from '../../platform/config/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { ConfirmationLinksService } from '../addresses/index.js';
import { InvitationsService } from '../invitations/index.js';
import { AccountsService, UserView } from '../users/index.js';
import { PrivateRegistrationService } from './private-registration.service.js';
import type { Register } from './registration.dto.js';

const by = 'registration' as const;

/** Making an account of one's own, as far as REGISTRATION_MODE allows. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invitations: InvitationsService,
    private readonly links: ConfirmationLinksService,
    private readonly privately: PrivateRegistrationService,
    private readonly config: AccountsConfig,
  ) {}

  async register({ invitation, email, username, password }: Register): Promise<UserView> {
    const mode = this.config.registrationMode;
    if (mode === 'closed') throw new AppError('auth.registration_closed');
    const request = { email, username, password, by };
    if (invitation !== undefined) return this.onInvitation(invitation, request);
    if (mode === 'invite') throw new AppError('auth.invitation_required');
    if (mode === 'private') return this.privately.register(request);
    return this.accounts.create({
      ...request,
      emailVerified: false,
      afterwards: (account) => this.links.send(account),
    });
  }

  /** Who holds the token reads mails to the address: it needs no further link. */
  private async onInvitation(
    token: string,
    request: { email: string; username: string; password: string; by: typeof by },
  ): Promise<UserView> {
    // At once, so that guessing costs no hash; it is spent when the account is made.
    if (!(await this.invitations.isGood(token))) throw new AppError('auth.invitation_required');
    const prepared = await this.accounts.prepare(request);
    return this.accounts.insert(prepared, {
      by,
      emailVerified: true,
      roles: async () => (await this.invitations.accept(token, prepared.email)).roles,
    });
  }
}

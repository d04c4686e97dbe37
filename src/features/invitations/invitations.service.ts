import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { tokenPurposes } from '../../catalogue/one-time-tokens.js';
import { defaultRole } from '../../catalogue/permissions.js';
import { ProcessConfig } from '../../platform/config/index.js';
import { currentPrincipal } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { Mails } from '../../platform/mail/index.js';
import { OneTimeTokens } from '../../platform/one-time-tokens/index.js';
import { AuditService } from '../audit/index.js';
import { AssignableRolesService, normaliseEmail } from '../users/index.js';
import { InvitationListView, InvitationView } from './invitation.view.js';
import type { Invite, ListInvitations } from './invitations.dto.js';
import { type Invitation, InvitationsRepository } from './invitations.repository.js';

const defaultPageSize = 20;

/** People who are asked by mail to make an account. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly database: Database,
    private readonly invitations: InvitationsRepository,
    private readonly assignable: AssignableRolesService,
    private readonly tokens: OneTimeTokens,
    private readonly mails: Mails,
    private readonly audit: AuditService,
    private readonly installation: ProcessConfig,
  ) {}

  /**
   * @throws AppError `validation.failed`, `roles.grant_exceeds_own`, `auth.step_up_required` for
   * roles beyond the default one
   */
  async invite(request: Invite): Promise<InvitationView> {
    const { userId } = currentPrincipal();
    const { value: email, key: emailKey } = normaliseEmail(request.email);
    const roles = request.roles ?? [defaultRole];
    const { lifeSeconds } = tokenPurposes.invitation;
    return this.database.transaction(async () => {
      await this.assignable.demandForNew(roles);
      const wanted = { id: uuidv7(), email, emailKey, roles, invitedBy: userId };
      const invitation = await this.invitations.put(wanted, lifeSeconds);
      const invitationId = invitation.id;
      const token = await this.tokens.issue('invitation', { data: { invitationId } });
      const link = `${this.installation.publicUrl}/account#invite:${token}`;
      const until = invitation.expiresAt;
      await this.mails.send('invitation', email, { link, validity: '7 days' }, { until });
      await this.audit.record('invitations.created', { invitationId, roles });
      return InvitationView.of(invitation);
    });
  }

  async list({ cursor, limit = defaultPageSize }: ListInvitations): Promise<InvitationListView> {
    const found = await this.invitations.page(cursor, limit + 1);
    const page = found.slice(0, limit);
    return {
      items: page.map(InvitationView.of),
      nextCursor: found.length > limit ? page.at(-1)!.id : null,
    };
  }

  /** @throws AppError `invitations.not_found` */
  async withdraw(id: string): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.invitations.take(id))) throw new AppError('invitations.not_found');
      await this.audit.record('invitations.withdrawn', { invitationId: id });
    });
  }

  /** Whether a token stands for an invitation now, without spending it. */
  async isGood(token: string): Promise<boolean> {
    return (await this.tokens.look('invitation', token)) !== null;
  }

  /**
   * Spends an invitation in the running transaction, which makes the account; gives what it says.
   * The inviter is checked anew, who may have lost the right to invite, or to give these roles.
   * @throws AppError `auth.invitation_required`, also when it names another address
   */
  async accept(token: string, email: string): Promise<Invitation> {
    const spent = await this.tokens.spend('invitation', token);
    const invitation = spent && (await this.invitations.take(spent.data.invitationId));
    if (!invitation || invitation.emailKey !== normaliseEmail(email).key) {
      throw new AppError('auth.invitation_required');
    }
    const { id: invitationId, invitedBy, roles } = invitation;
    if (!(await this.assignable.stillGives(invitedBy, roles, 'users.invite'))) {
      throw new AppError('auth.invitation_required');
    }
    await this.audit.record('invitations.accepted', { invitationId });
    return invitation;
  }
}

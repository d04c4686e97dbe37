import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { Idempotent } from '../../platform/idempotency/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { InvitationListView, InvitationView } from './invitation.view.js';
import { Invite, ListInvitations } from './invitations.dto.js';
import { InvitationsService } from './invitations.service.js';

@Controller('invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  /**
   * Invite somebody by mail. The link in it works once, for seven days; inviting the same address
   * again ends the invitation before. You can give only roles whose permissions you hold,
   * and others than `member` only shortly after signing in.
   * @throws {403} roles.grant_exceeds_own, auth.step_up_required, auth.session_required
   */
  @Post()
  @Access('users.invite')
  @Idempotent()
  @Limit('messages')
  invite(@Body() request: Invite): Promise<InvitationView> {
    return this.invitations.invite(request);
  }

  /** List open invitations, oldest first. */
  @Get()
  @Access('users.invite')
  list(@Query() request: ListInvitations): Promise<InvitationListView> {
    return this.invitations.list(request);
  }

  /**
   * Withdraw an invitation: its link stops working.
   * @throws {404} invitations.not_found
   */
  @Delete(':id')
  @Access('users.invite')
  @HttpCode(204)
  withdraw(@Param('id', UuidParam) id: string): Promise<void> {
    return this.invitations.withdraw(id);
  }
}

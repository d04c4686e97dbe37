import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { InvitationsRepository } from './invitations.repository.js';

/** Open invitations: those to the user's address, and those that the user sent, without whom. */
@Injectable()
@HoldsPersonalData({ section: 'invitations', tables: ['invitations'] })
export class InvitationsPersonalData implements PersonalDataHolder {
  constructor(private readonly invitations: InvitationsRepository) {}

  personalDataOf(userId: string): Promise<unknown> {
    return this.invitations.about(userId);
  }
}

import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { SessionView } from './session.view.js';
import { SessionsRepository } from './sessions.repository.js';

@Injectable()
@HoldsPersonalData({ section: 'sessions', tables: ['sessions'] })
export class SessionPersonalData implements PersonalDataHolder {
  constructor(private readonly sessions: SessionsRepository) {}

  async personalDataOf(userId: string): Promise<unknown> {
    const sessions = await this.sessions.liveOf(userId);
    return sessions.map((session) => SessionView.of(session, ''));
  }
}

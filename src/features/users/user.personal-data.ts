import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { UserView } from './user.view.js';
import { UsersRepository } from './users.repository.js';

@Injectable()
@HoldsPersonalData({ section: 'account', tables: ['users', 'user_roles'] })
export class UserPersonalData implements PersonalDataHolder {
  constructor(private readonly users: UsersRepository) {}

  async personalDataOf(userId: string): Promise<unknown> {
    const user = await this.users.byId(userId);
    return user && { ...UserView.of(user), updatedAt: user.updatedAt };
  }
}

import { Injectable } from '@nestjs/common';

import { AccountsConfig } from '../../platform/config/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { AccountsService, UserView } from '../users/index.js';
import type { Register } from './auth.dto.js';

/** Making an account of one's own. */
@Injectable()
export class AuthService {
  constructor(
    private readonly accounts: AccountsService,
    private readonly config: AccountsConfig,
  ) {}

  async register({ email, username, password }: Register): Promise<UserView> {
    if (this.config.registrationMode === 'closed') throw new AppError('auth.registration_closed');
    return this.accounts.create({
      email,
      username,
      password,
      emailVerified: false,
      by: 'registration',
    });
  }
}

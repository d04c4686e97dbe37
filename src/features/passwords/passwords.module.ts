import { Module } from '@nestjs/common';

import { LockoutModule } from '../lockout/index.js';
import { SessionsModule } from '../sessions/index.js';
import { UsersModule } from '../users/index.js';
import { ForgottenPasswordsService } from './forgotten-passwords.service.js';
import { PasswordChangesService } from './password-changes.service.js';
import { PasswordsController } from './passwords.controller.js';

@Module({
  imports: [UsersModule, SessionsModule, LockoutModule],
  controllers: [PasswordsController],
  providers: [ForgottenPasswordsService, PasswordChangesService],
})
export class OwnPasswordsModule {}

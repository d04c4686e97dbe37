import { Module } from '@nestjs/common';

import { ApiKeysModule } from '../api-keys/index.js';
import { AuthModule } from '../auth/index.js';
import { LockoutModule } from '../lockout/index.js';
import { MfaModule } from '../mfa/index.js';
import { SessionsModule } from '../sessions/index.js';
import { UsersModule } from '../users/index.js';
import { FirstProofService } from './first-proof.service.js';
import { ForgottenPasswordsService } from './forgotten-passwords.service.js';
import { OwnPasswordService } from './own-password.service.js';
import { PasswordChangesService } from './password-changes.service.js';
import { PasswordResetService } from './password-reset.service.js';
import { PasswordsController } from './passwords.controller.js';
import { ResetLinksService } from './reset-links.service.js';

@Module({
  imports: [AuthModule, UsersModule, SessionsModule, LockoutModule, MfaModule, ApiKeysModule],
  controllers: [PasswordsController],
  providers: [
    ForgottenPasswordsService,
    ResetLinksService,
    PasswordResetService,
    OwnPasswordService,
    PasswordChangesService,
    FirstProofService,
  ],
})
export class OwnPasswordsModule {}

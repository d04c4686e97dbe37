import { Module } from '@nestjs/common';

import { LockoutModule } from '../lockout/index.js';
import { MfaModule } from '../mfa/index.js';
import { RolesModule } from '../roles/index.js';
import { SessionsModule } from '../sessions/index.js';
import { TokensModule } from '../tokens/index.js';
import { UsersModule } from '../users/index.js';
import { AuthController } from './auth.controller.js';
import { BearerStrategy } from './bearer.strategy.js';
import { CookieStrategy } from './cookie.strategy.js';
import { PasswordCheckService } from './password-check.service.js';
import { PrincipalsService } from './principals.service.js';
import { SessionOpenerService } from './session-opener.service.js';
import { SignInService } from './sign-in.service.js';

@Module({
  imports: [UsersModule, RolesModule, SessionsModule, TokensModule, LockoutModule, MfaModule],
  controllers: [AuthController],
  providers: [
    SignInService,
    SessionOpenerService,
    PasswordCheckService,
    PrincipalsService,
    BearerStrategy,
    CookieStrategy,
  ],
  exports: [PasswordCheckService, BearerStrategy, CookieStrategy, PrincipalsService],
})
export class AuthModule {}

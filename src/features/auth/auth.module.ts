import { Module } from '@nestjs/common';

import { RolesModule } from '../roles/index.js';
import { SessionsModule } from '../sessions/index.js';
import { TokensModule } from '../tokens/index.js';
import { UsersModule } from '../users/index.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { BearerStrategy } from './bearer.strategy.js';
import { PrincipalsService } from './principals.service.js';

@Module({
  imports: [UsersModule, RolesModule, SessionsModule, TokensModule],
  controllers: [AuthController],
  providers: [AuthService, PrincipalsService, BearerStrategy],
  exports: [BearerStrategy],
})
export class AuthModule {}

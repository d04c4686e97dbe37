import { Module } from '@nestjs/common';

import { ApiKeysModule } from '../api-keys/index.js';
import { AuthModule } from '../auth/index.js';
import { SessionsModule } from '../sessions/index.js';
import { TokensModule } from '../tokens/index.js';
import { UsersModule } from '../users/index.js';
import { IntrospectionController } from './introspection.controller.js';
import { IntrospectionService, RevocationService } from './introspection.service.js';

@Module({
  imports: [ApiKeysModule, AuthModule, SessionsModule, TokensModule, UsersModule],
  controllers: [IntrospectionController],
  providers: [IntrospectionService, RevocationService],
})
export class IntrospectionModule {}

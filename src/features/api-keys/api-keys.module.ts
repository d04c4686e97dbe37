import { Module } from '@nestjs/common';

import { RolesModule } from '../roles/index.js';
import { UsersModule } from '../users/index.js';
import { ApiKeyPersonalData } from './api-key.personal-data.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { ApiKeyCallersService } from './api-key-callers.service.js';
import { ApiKeyUsage } from './api-key-usage.js';
import { ApiKeysController, UserApiKeysController } from './api-keys.controller.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';

@Module({
  imports: [UsersModule, RolesModule],
  controllers: [ApiKeysController, UserApiKeysController],
  providers: [
    ApiKeysService,
    ApiKeysRepository,
    ApiKeyCallersService,
    ApiKeyUsage,
    ApiKeyStrategy,
    ApiKeyPersonalData,
  ],
  exports: [ApiKeyStrategy, ApiKeyCallersService, ApiKeysService],
})
export class ApiKeysModule {}

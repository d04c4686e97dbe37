import { Module } from '@nestjs/common';

import { UsersModule } from '../users/index.js';
import { SetupController } from './setup.controller.js';
import { SetupPageController } from './setup-page.controller.js';
import { SetupService } from './setup.service.js';

@Module({
  imports: [UsersModule],
  controllers: [SetupController, SetupPageController],
  providers: [SetupService],
  exports: [SetupService],
})
export class SetupModule {}

import { Module } from '@nestjs/common';

import { SessionsModule } from '../sessions/index.js';
import { TokensModule } from '../tokens/index.js';
import { UsersModule } from '../users/index.js';
import { DemoController } from './demo.controller.js';
import { DemoService } from './demo.service.js';

/** Not part of the application in production. */
@Module({
  imports: [UsersModule, SessionsModule, TokensModule],
  controllers: [DemoController],
  providers: [DemoService],
})
export class DemoModule {}

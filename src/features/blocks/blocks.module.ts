import { Module } from '@nestjs/common';

import { BlockKeeper } from './block-keeper.js';
import { BlocksController } from './blocks.controller.js';
import { BlockPersonalData } from './blocks.personal-data.js';
import { BlocksRepository } from './blocks.repository.js';
import { BlocksService } from './blocks.service.js';

@Module({
  controllers: [BlocksController],
  providers: [BlocksService, BlockKeeper, BlocksRepository, BlockPersonalData],
})
export class BlocksModule {}

import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';

import { PersonalDataController } from './personal-data.controller.js';
import { PersonalDataService } from './personal-data.service.js';

@Module({
  imports: [DiscoveryModule],
  controllers: [PersonalDataController],
  providers: [PersonalDataService],
})
export class PersonalDataModule {}

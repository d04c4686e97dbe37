import { Module } from '@nestjs/common';

import { SessionsModule } from '../sessions/index.js';
import { UsersModule } from '../users/index.js';
import { AddressChangeService } from './address-change.service.js';
import { AddressesController } from './addresses.controller.js';
import { AddressesService } from './addresses.service.js';
import { ConfirmationLinksService } from './confirmation-links.service.js';

@Module({
  imports: [UsersModule, SessionsModule],
  controllers: [AddressesController],
  providers: [AddressesService, AddressChangeService, ConfirmationLinksService],
  exports: [ConfirmationLinksService],
})
export class AddressesModule {}

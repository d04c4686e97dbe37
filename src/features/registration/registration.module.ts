import { Module } from '@nestjs/common';

import { AddressesModule } from '../addresses/index.js';
import { InvitationsModule } from '../invitations/index.js';
import { UsersModule } from '../users/index.js';
import { PrivateRegistrationService } from './private-registration.service.js';
import { RegistrationController } from './registration.controller.js';
import { RegistrationService } from './registration.service.js';

@Module({
  imports: [UsersModule, AddressesModule, InvitationsModule],
  controllers: [RegistrationController],
  providers: [RegistrationService, PrivateRegistrationService],
})
export class RegistrationModule {}

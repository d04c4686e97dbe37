import { Module } from '@nestjs/common';

import { UsersModule } from '../users/index.js';
import { InvitationsController } from './invitations.controller.js';
import { InvitationsPersonalData } from './invitations.personal-data.js';
import { InvitationsRepository } from './invitations.repository.js';
import { InvitationsService } from './invitations.service.js';

@Module({
  imports: [UsersModule],
  controllers: [InvitationsController],
  providers: [InvitationsService, InvitationsRepository, InvitationsPersonalData],
  exports: [InvitationsService],
})
export class InvitationsModule {}

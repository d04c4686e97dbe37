import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { RolesModule } from '../roles/index.js';
import { SessionsModule } from '../sessions/index.js';
import { AccountRestoration } from './account-restoration.service.js';
import { AccountChangesService } from './account-changes.service.js';
import { AccountsService } from './accounts.service.js';
import { AssignableRolesService } from './assignable-roles.service.js';
import { User } from './user.entity.js';
import { OwnerNoticesService } from './owner-notices.service.js';
import { UsersExportService } from './users-export.service.js';
import { UsersImportService } from './users-import.service.js';
import { UserPersonalData } from './user.personal-data.js';
import { UserErasure } from './user-erasure.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([User]), RolesModule, SessionsModule],
  controllers: [UsersController],
  providers: [
    UsersService,
    AccountsService,
    OwnerNoticesService,
    AccountChangesService,
    AssignableRolesService,
    UsersImportService,
    UsersExportService,
    AccountRestoration,
    UserErasure,
    UserPersonalData,
    UsersRepository,
  ],
  exports: [
    AccountsService,
    OwnerNoticesService,
    AccountChangesService,
    AssignableRolesService,
    UsersService,
    UsersImportService,
    UsersExportService,
  ],
})
export class UsersModule {}

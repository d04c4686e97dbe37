import {
  applyDecorators,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
} from '@nestjs/common';

import { Access, StepUp } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { Idempotent } from '../../platform/idempotency/index.js';
import { Editable } from '../../platform/preconditions/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { AccountRestoration } from './account-restoration.service.js';
import { UserListView, UserView } from './user.view.js';
import {
  AssignRoles,
  CreateUser,
  ListUsers,
  UpdateProfile,
  UpdateUser,
  RestoreAccount,
} from './users.dto.js';
import { UsersService } from './users.service.js';

/** What a stolen session must not do. */
const OwnerRecently = (): MethodDecorator => applyDecorators(Access.signedIn(), StepUp());

/** A resource that is read and edited, by those who administer users. */
const OneUser = (): MethodDecorator => applyDecorators(Limit('users'), Editable());

@Controller('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly restoration: AccountRestoration,
  ) {}

  /** Read your own account. */
  @Get('me')
  @Access.identified()
  @Editable()
  own(): Promise<UserView> {
    return this.users.own();
  }

  /** Change your own profile. */
  @Patch('me')
  @Access.signedIn()
  @Editable()
  updateOwn(@Body() request: UpdateProfile): Promise<UserView> {
    return this.users.updateOwn(request);
  }

  /**
   * Delete your own account. All sessions end at once; after a grace period (ACCOUNT_GRACE_DAYS)
   * everything that is held on you is erased.
   * @throws {409} users.last_administrator
   */
  @Delete('me')
  @HttpCode(204)
  @OwnerRecently()
  @Editable()
  deleteOwn(): Promise<void> {
    return this.users.deleteOwn();
  }

  /**
   * Take back the deletion of your account, with the token of the link in the mail.
   * @throws {404} users.restore_refused
   */
  @Post('restore')
  @HttpCode(204)
  @Access.public()
  @Limit('auth')
  restore(@Body() { token }: RestoreAccount): Promise<void> {
    return this.restoration.restore(token);
  }

  /** List, search and page users. */
  @Get()
  @Access('users.read')
  @Limit('users')
  list(@Query() request: ListUsers): Promise<UserListView> {
    return this.users.list(request);
  }

  /**
   * Create a user; the address counts as verified. Other roles than `member` are given only
   * shortly after signing in.
   * @throws {403} roles.grant_exceeds_own, auth.step_up_required, auth.session_required
   * @throws {409} users.email_taken, users.username_taken
   * @throws {503} server.overloaded
   */
  @Post()
  @Access('users.create')
  @Idempotent()
  @Limit('users')
  create(@Body() request: CreateUser): Promise<UserView> {
    return this.users.create(request);
  }

  /**
   * Read one user.
   * @throws {404} users.not_found
   */
  @Get(':id')
  @Access('users.read')
  @OneUser()
  read(@Param('id', UuidParam) id: string): Promise<UserView> {
    return this.users.read(id);
  }

  /**
   * Change a user's profile or status; disabling ends all their sessions at once.
   * @throws {403} users.outranks_you
   * @throws {404} users.not_found
   * @throws {409} users.own_status, users.last_administrator
   */
  @Patch(':id')
  @Access('users.update')
  @OneUser()
  update(@Param('id', UuidParam) id: string, @Body() request: UpdateUser): Promise<UserView> {
    return this.users.update(id, request);
  }

  /**
   * Delete a user. All their sessions end at once; after a grace period (ACCOUNT_GRACE_DAYS)
   * everything that is held on them is erased.
   * @throws {403} users.outranks_you
   * @throws {404} users.not_found
   * @throws {409} users.own_status, users.last_administrator
   */
  @Delete(':id')
  @HttpCode(204)
  @Access('users.delete')
  @OneUser()
  delete(@Param('id', UuidParam) id: string): Promise<void> {
    return this.users.delete(id);
  }

  /**
   * Replace a user's roles; the new rights count at the next request.
   * @throws {403} roles.grant_exceeds_own
   * @throws {404} users.not_found
   * @throws {409} users.last_administrator
   */
  @Put(':id/roles')
  @Access('users.assign_roles')
  @StepUp()
  @OneUser()
  assignRoles(@Param('id', UuidParam) id: string, @Body() request: AssignRoles): Promise<UserView> {
    return this.users.assignRoles(id, request.roles);
  }
}

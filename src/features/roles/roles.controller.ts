import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Idempotent } from '../../platform/idempotency/index.js';
import { Editable } from '../../platform/preconditions/index.js';
import { RoleListView, RoleView } from './role.view.js';
import { CreateRole, UpdateRole } from './roles.dto.js';
import { RolesService } from './roles.service.js';

@Controller('roles')
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  /** List all roles, built-in ones included. */
  @Get()
  @Access('roles.read')
  list(): Promise<RoleListView> {
    return this.roles.list();
  }

  /**
   * Create a role that holds permissions you hold yourself.
   * @throws {403} roles.grant_exceeds_own, auth.step_up_required
   * @throws {409} roles.name_taken
   */
  @Post()
  @Access('roles.manage')
  @Idempotent()
  create(@Body() request: CreateRole): Promise<RoleView> {
    return this.roles.create(request);
  }

  /**
   * Read one role.
   * @throws {404} roles.not_found
   */
  @Get(':name')
  @Access('roles.read')
  @Editable()
  read(@Param('name') name: string): Promise<RoleView> {
    return this.roles.read(name);
  }

  /**
   * Change a role; the new rights of its holders count at their next request.
   * @throws {403} roles.grant_exceeds_own, auth.step_up_required
   * @throws {404} roles.not_found
   * @throws {409} roles.built_in
   */
  @Patch(':name')
  @Access('roles.manage')
  @Editable()
  update(@Param('name') name: string, @Body() request: UpdateRole): Promise<RoleView> {
    return this.roles.update(name, request);
  }

  /**
   * Delete a role that nobody holds.
   * @throws {403} roles.grant_exceeds_own, auth.step_up_required
   * @throws {404} roles.not_found
   * @throws {409} roles.built_in, roles.in_use
   */
  @Delete(':name')
  @Access('roles.manage')
  @Editable()
  @HttpCode(204)
  delete(@Param('name') name: string): Promise<void> {
    return this.roles.delete(name);
  }
}

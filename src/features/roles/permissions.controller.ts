import { Controller, Get } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { PermissionListView } from './role.view.js';

@Controller('permissions')
export class PermissionsController {
  /** List everything a role can hold. */
  @Get()
  @Access('roles.read')
  list(): PermissionListView {
    return PermissionListView.all();
  }
}

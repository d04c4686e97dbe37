import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { SessionListView } from './session.view.js';
import { SessionsService } from './sessions.service.js';

@Controller('auth/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  /** List your sessions, newest first. */
  @Get()
  @Access.signedIn()
  list(): Promise<SessionListView> {
    return this.sessions.listOwn();
  }

  /**
   * End one of your sessions; its tokens stop working at once.
   * @throws {404} sessions.not_found
   */
  @Delete(':id')
  @Access.signedIn()
  @HttpCode(204)
  revoke(@Param('id', UuidParam) id: string): Promise<void> {
    return this.sessions.revokeOwn(id);
  }
}

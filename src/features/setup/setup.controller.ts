import { applyDecorators, Body, Controller, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { Attempt } from '../auth/index.js';
import { UserView } from '../users/index.js';
import { CompleteSetup } from './setup.dto.js';
import { SetupService } from './setup.service.js';

const SetupAttempt = (): MethodDecorator =>
  applyDecorators(Access.public(), Limit('auth'), Attempt('setup'));

@Controller('setup')
export class SetupController {
  constructor(private readonly setup: SetupService) {}

  /**
   * Make the first administrator with the token of the link printed at start-up.
   * @throws {404} setup.closed
   * @throws {409} users.email_taken, users.username_taken
   * @throws {503} server.overloaded
   */
  @Post()
  @SetupAttempt()
  complete(@Body() request: CompleteSetup): Promise<UserView> {
    return this.setup.complete(request);
  }
}

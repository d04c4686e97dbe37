import { applyDecorators, Body, Controller, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Idempotent } from '../../platform/idempotency/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { Attempt } from '../auth/index.js';
import { UserView } from '../users/index.js';
import { Register } from './registration.dto.js';
import { RegistrationService } from './registration.service.js';

const RegisterAttempt = (): MethodDecorator =>
  applyDecorators(Access.public(), Limit('auth'), Attempt('register'));

@Controller('auth/register')
export class RegistrationController {
  constructor(private readonly registration: RegistrationService) {}

  /**
   * Make an account with the default role, or with those of an invitation. A link that confirms
   * the address is sent to it. With `REGISTRATION_MODE=private` the answer is the same for an
   * address that has an account or a username that is taken: nothing is made, and a mail says so.
   * @throws {403} auth.registration_closed, auth.invitation_required
   * @throws {409} users.email_taken, users.username_taken
   * @throws {503} server.overloaded
   */
  @Post()
  @RegisterAttempt()
  @Idempotent()
  register(@Body() request: Register): Promise<UserView> {
    return this.registration.register(request);
  }
}

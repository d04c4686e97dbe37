import { applyDecorators, Body, Controller, HttpCode, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { ForgottenPasswordsService } from './forgotten-passwords.service.js';
import { OwnPasswordService } from './own-password.service.js';
import { PasswordResetService } from './password-reset.service.js';
import { ChangePassword, ForgottenPassword, ResetPassword } from './passwords.dto.js';

const PublicAttempt = (): MethodDecorator => applyDecorators(Access.public(), Limit('auth'));

@Controller('auth/password')
export class PasswordsController {
  constructor(
    private readonly forgotten: ForgottenPasswordsService,
    private readonly resets: PasswordResetService,
    private readonly own: OwnPasswordService,
  ) {}

  /**
   * Ask for a link that sets a new password. The answer is the same whether or not the address
   * has an account; a link before stops working.
   */
  @Post('forgot')
  @HttpCode(202)
  @PublicAttempt()
  forgot(@Body() { email }: ForgottenPassword): Promise<void> {
    return this.forgotten.ask(email);
  }

  /**
   * Set a new password with the link. All sessions of the account end; a second factor is asked
   * for as before. An address that was not confirmed is confirmed by it: then API keys and a second
   * factor go, since anybody may have put them there.
   * @throws {403} auth.invalid_link
   * @throws {503} server.overloaded
   */
  @Post('reset')
  @HttpCode(204)
  @PublicAttempt()
  reset(@Body() request: ResetPassword): Promise<void> {
    return this.resets.reset(request);
  }

  /**
   * Change your password. Your other sessions end, and a notice goes to your address.
   * @throws {403} auth.wrong_password
   * @throws {429} auth.too_many_attempts
   * @throws {503} server.overloaded
   */
  @Post('change')
  @HttpCode(204)
  @Access.signedIn()
  change(@Body() request: ChangePassword): Promise<void> {
    return this.own.change(request);
  }
}

import { applyDecorators, Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';

import { Access, StepUp } from '../../platform/access/index.js';
import { ConfirmTotp } from './mfa.dto.js';
import { MfaService } from './mfa.service.js';
import { MfaStateView, RecoveryCodesView, TotpEnrolmentView } from './mfa.view.js';

/** What a stolen session must not do. */
const OwnerRecently = (): MethodDecorator => applyDecorators(Access.signedIn(), StepUp());

@Controller('auth/mfa')
export class MfaController {
  constructor(private readonly mfa: MfaService) {}

  /** Say whether a second factor is in place. */
  @Get()
  @Access.signedIn()
  state(): Promise<MfaStateView> {
    return this.mfa.ownState();
  }

  /**
   * Begin to put an authenticator in place. It counts once a code of it was confirmed.
   * @throws {409} mfa.already_enrolled
   */
  @Post('totp')
  @OwnerRecently()
  begin(): Promise<TotpEnrolmentView> {
    return this.mfa.begin();
  }

  /**
   * Confirm the authenticator with a code it shows. Your other sessions end.
   * @throws {401} mfa.invalid_code
   * @throws {409} mfa.no_enrolment
   * @throws {429} auth.too_many_attempts
   */
  @Post('totp/confirm')
  @HttpCode(200)
  @Access.signedIn()
  confirm(@Body() request: ConfirmTotp): Promise<RecoveryCodesView> {
    return this.mfa.confirm(request);
  }

  /**
   * Remove the authenticator and the recovery codes.
   * @throws {404} mfa.not_enrolled
   * @throws {409} mfa.password_too_short
   */
  @Delete('totp')
  @HttpCode(204)
  @OwnerRecently()
  remove(): Promise<void> {
    return this.mfa.removeOwn();
  }

  /**
   * Get new recovery codes. The ones before stop working.
   * @throws {404} mfa.not_enrolled
   */
  @Post('recovery-codes')
  @HttpCode(200)
  @OwnerRecently()
  renewRecoveryCodes(): Promise<RecoveryCodesView> {
    return this.mfa.renewOwnRecoveryCodes();
  }
}

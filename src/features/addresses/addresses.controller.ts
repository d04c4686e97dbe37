import { applyDecorators, Body, Controller, HttpCode, Post } from '@nestjs/common';

import { Access, StepUp } from '../../platform/access/index.js';
import { Idempotent } from '../../platform/idempotency/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { AddressChangeService } from './address-change.service.js';
import { AddressRequest, ConfirmAddress } from './addresses.dto.js';
import { AddressesService } from './addresses.service.js';

const PublicAttempt = (): MethodDecorator => applyDecorators(Access.public(), Limit('auth'));
const OwnAddress = (): MethodDecorator =>
  applyDecorators(Access.signedIn(), StepUp(), Limit('messages'));

@Controller('auth/email')
export class AddressesController {
  constructor(
    private readonly addresses: AddressesService,
    private readonly changes: AddressChangeService,
  ) {}

  /**
   * Confirm an address with the link that was sent to it. When another address was asked for, it
   * takes the place of the former.
   * @throws {403} auth.invalid_link
   */
  @Post('verify')
  @HttpCode(204)
  @PublicAttempt()
  verify(@Body() { token }: ConfirmAddress): Promise<void> {
    return this.addresses.confirm(token);
  }

  /**
   * Ask for the link once more. The answer is the same whether or not an account waits for it;
   * the link before stops working.
   */
  @Post('resend')
  @HttpCode(202)
  @PublicAttempt()
  resend(@Body() { email }: AddressRequest): Promise<void> {
    return this.addresses.sendAgain(email);
  }

  /**
   * Ask for another address. A link goes to the new one and a notice to the present one; nothing
   * changes until the link is opened. Whether somebody else has the address is not told.
   */
  @Post('change')
  @HttpCode(202)
  @OwnAddress()
  @Idempotent()
  change(@Body() { email }: AddressRequest): Promise<void> {
    return this.changes.ask(email);
  }
}

import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';

import { Equals } from '../../platform/http/equals.decorator.js';

export class ForgottenPassword {
  /** @example "ada@example.com" */
  @IsEmail()
  @MaxLength(254)
  email: string;
}

class NewPassword {
  /**
   * 15 characters or more; any characters, no composition rules.
   * @example "enchantress of number"
   */
  @IsString()
  @Length(1, 256)
  password: string;

  /**
   * The password again.
   * @example "enchantress of number"
   */
  @ApiProperty({ minLength: 1, maxLength: 256 })
  @Equals('password')
  passwordConfirmation: string;
}

export class ResetPassword extends NewPassword {
  /**
   * From the link in the mail, what follows the colon.
   * @example "dGhlLXRva2VuLWFmdGVyLXRoZS1oYXNoLXNpZ24taW4tdGhlLWxpbms"
   */
  @IsString()
  @Length(1, 100)
  token: string;
}

export class ChangePassword extends NewPassword {
  /** @example "a ship in port is safe" */
  @IsString()
  @Length(1, 256)
  currentPassword: string;
}

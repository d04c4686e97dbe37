import { ApiProperty } from '@nestjs/swagger';
import { IsEmail, IsString, Length, MaxLength } from 'class-validator';

import { Equals } from '../../platform/http/equals.decorator.js';
import { Omittable } from '../../platform/http/omittable.decorator.js';

export class NewAccountRequest {
  /** @example "ada@example.com" */
  @IsEmail()
  @MaxLength(254)
  email: string;

  /**
   * 3 to 32 letters (a-z), digits, dots, hyphens or underscores.
   * @example "ada"
   */
  @IsString()
  @Length(3, 64)
  username: string;

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

export class Register extends NewAccountRequest {
  /**
   * Token of an invitation, when `REGISTRATION_MODE` is `invite` or somebody was invited.
   * @example "dGhlLXRva2VuLWFmdGVyLXRoZS1oYXNoLXNpZ24taW4tdGhlLWxpbms"
   */
  @Omittable()
  @IsString()
  @Length(1, 100)
  invitation?: string;
}

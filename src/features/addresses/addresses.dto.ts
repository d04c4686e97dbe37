import { IsEmail, IsString, Length, MaxLength } from 'class-validator';

export class ConfirmAddress {
  /**
   * From the link in the mail, what follows the colon.
   * @example "dGhlLXRva2VuLWFmdGVyLXRoZS1oYXNoLXNpZ24taW4tdGhlLWxpbms"
   */
  @IsString()
  @Length(1, 100)
  token: string;
}

export class AddressRequest {
  /** @example "ada@example.com" */
  @IsEmail()
  @MaxLength(254)
  email: string;
}

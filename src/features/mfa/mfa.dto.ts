import { IsString, Length } from 'class-validator';

export class ConfirmTotp {
  /**
   * What the authenticator shows now.
   * @example "492039"
   */
  @IsString()
  @Length(6, 64)
  code: string;
}

import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';

import { CredentialMode } from '../browser/index.js';

export class Login extends CredentialMode {
  /**
   * Email address or username.
   * @example "ada@example.com"
   */
  @IsString()
  @Length(1, 254)
  identifier: string;

  /** @example "enchantress of number" */
  @IsString()
  @Length(1, 256)
  password: string;
}

export class VerifySecondFactor extends CredentialMode {
  /**
   * `mfaToken` of the sign-in.
   * @example "lSNsKZjIB_4-rqlMIlPvqwY8jpSYEDquHTHP03eNe5Q"
   */
  @IsString()
  @Length(1, 200)
  mfaToken: string;

  /**
   * What the authenticator shows now, or a recovery code.
   * @example "492039"
   */
  @IsString()
  @Length(6, 64)
  code: string;
}

export class StepUpRequest extends CredentialMode {
  /** @example "enchantress of number" */
  @IsString()
  @Length(1, 256)
  password: string;

  /**
   * Needed when a second factor is in place: what the authenticator shows, or a recovery code.
   * @example "492039"
   */
  @IsOptional()
  @IsString()
  @Length(6, 64)
  code?: string;
}

export class Refresh extends CredentialMode {
  /**
   * The newest refresh token of the session. Browsers leave it out: it is in their cookie.
   * @example "c2Vzc2lvbi1mYW1pbHktYW5kLXNlY3JldC1hcmUtNDgtYnl0ZXMtbG9uZy1oZXJl"
   */
  @ApiPropertyOptional()
  @IsString()
  @Length(1, 200)
  refreshToken: string;
}

import { ApiProperty } from '@nestjs/swagger';

/** The password was right; POST /api/v1/auth/mfa/verify takes the code that is missing. */
export class MfaRequiredView {
  /** @example true */
  @ApiProperty({ type: 'boolean', enum: [true] })
  mfaRequired: true;
  /**
   * Works once, for five minutes.
   * @example "lSNsKZjIB_4-rqlMIlPvqwY8jpSYEDquHTHP03eNe5Q"
   */
  @ApiProperty({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+$' })
  mfaToken: string;
}

/** What a client works with after signing in. */
export class TokensView {
  /**
   * Send it as `Authorization: Bearer …`.
   * @example "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl"
   */
  @ApiProperty({ maxLength: 4_096, pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' })
  accessToken: string;
  /** @example "Bearer" */
  tokenType: 'Bearer';
  /**
   * Seconds until the access token ends.
   * @example 3600
   */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 86_400 })
  expiresIn: number;
  /**
   * Works once: POST /api/v1/auth/refresh exchanges it for new tokens.
   * @example "c2Vzc2lvbi1mYW1pbHktYW5kLXNlY3JldC1hcmUtNDgtYnl0ZXMtbG9uZy1oZXJl"
   */
  @ApiProperty({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+$' })
  refreshToken: string;
}

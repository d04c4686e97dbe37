import { ApiProperty } from '@nestjs/swagger';

const seconds = { type: 'integer', format: 'int64', minimum: 0, maximum: 253_402_300_799 } as const;

/** What a token is good for now (RFC 7662, section 2.2). Only `active` for one that is not good. */
export class IntrospectionView {
  /** Whether the token is good at this moment: signature, time, session, owner. */
  active: boolean;
  /**
   * The permissions of the caller behind it, apart from each other by spaces.
   * @example "users.read roles.read"
   */
  @ApiProperty({ maxLength: 4_096, pattern: '^[a-z_. ]*$' })
  scope?: string;
  /**
   * Whom the token was given to: the id of an API key, else the audience.
   * @example "gatehouse"
   */
  @ApiProperty({ maxLength: 200 })
  client_id?: string;
  /** @example "ada" */
  @ApiProperty({ maxLength: 32 })
  username?: string;
  token_type?: 'Bearer' | 'ApiKey';
  /** Seconds since 1970. */
  @ApiProperty(seconds)
  exp?: number;
  /** Seconds since 1970. */
  @ApiProperty(seconds)
  iat?: number;
  /**
   * The id of the user.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  sub?: string;
  /** @example "gatehouse" */
  @ApiProperty({ maxLength: 200 })
  aud?: string;
  /** @example "https://gatehouse.example.com" */
  @ApiProperty({ maxLength: 260 })
  iss?: string;
  /**
   * The id of the token.
   * @example "5f0c51b8-67ab-4c2c-8f54-7a8e0d4a3b11"
   */
  @ApiProperty({ format: 'uuid' })
  jti?: string;
  /**
   * The id of the session.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  sid?: string;

  static of(told: IntrospectionView): IntrospectionView {
    return Object.assign(new IntrospectionView(), told);
  }
}

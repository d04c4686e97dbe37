import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, MaxLength } from 'class-validator';

import { Omittable } from '../../platform/http/omittable.decorator.js';

/** RFC 7662, section 2.1, and RFC 7009, section 2.1: their names of members stay. */
export class PresentToken {
  /**
   * An access token, a refresh token or an API key.
   * @example "gh_0019XIKKVfSaiIeVnx0Ozo_NXZQPhMmEtLNRKZcqDWAypPTiKNJKUQPZsbFEQfZbSw1ZQcMP"
   */
  @IsString()
  @Length(1, 4_096)
  token: string;

  /**
   * Accepted and not needed: a token tells by its form what it is.
   * @example "access_token"
   */
  @Omittable()
  @IsString()
  @MaxLength(64)
  @ApiProperty({ name: 'token_type_hint', maxLength: 64 })
  token_type_hint?: string;

  /**
   * Accepted and not needed: clients are not registered.
   * @example "reports"
   */
  @Omittable()
  @IsString()
  @MaxLength(200)
  @ApiProperty({ name: 'client_id', maxLength: 200 })
  client_id?: string;
}

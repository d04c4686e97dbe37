import { IsOptional, IsString, Length } from 'class-validator';

import { QueryInteger } from '../../platform/http/params.js';

export class ListBlocks {
  /** Items on a page, 1 to 100; 20 when not given. */
  @QueryInteger({ min: 1, max: 100 })
  limit?: number;

  /**
   * `nextCursor` of the page before.
   * @example "203.0.113.7"
   */
  @IsOptional()
  @IsString()
  @Length(1, 50)
  cursor?: string;
}

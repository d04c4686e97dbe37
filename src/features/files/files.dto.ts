import { IsOptional, IsUUID } from 'class-validator';

import { QueryInteger } from '../../platform/http/params.js';

export class ListFiles {
  /** Items on a page, 1 to 100; 20 when not given. */
  @QueryInteger({ min: 1, max: 100 })
  limit?: number;

  /**
   * `nextCursor` of the page before.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @IsOptional()
  @IsUUID()
  cursor?: string;
}

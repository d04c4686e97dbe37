import { IsIn } from 'class-validator';

import { Omittable } from '../../platform/http/omittable.decorator.js';

/** Body of a route that gives tokens. */
export class CredentialMode {
  /**
   * `cookie`, for browsers: the tokens come as cookies that no script can read, and the body has
   * none; see docs/guides/browser.md.
   * @example "bearer"
   */
  @Omittable()
  @IsIn(['bearer', 'cookie'])
  mode?: 'bearer' | 'cookie';
}

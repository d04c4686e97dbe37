import { IsString, Length } from 'class-validator';

import { Register } from '../auth/index.js';

export class CompleteSetup extends Register {
  /**
   * From the link printed at start-up.
   * @example "dGhlLXRva2VuLWFmdGVyLXRoZS1oYXNoLXNpZ24taW4tdGhlLWxpbms"
   */
  @IsString()
  @Length(1, 100)
  token: string;
}

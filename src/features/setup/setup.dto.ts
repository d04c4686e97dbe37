import { IsString, Length } from 'class-validator';

import { NewAccountRequest } from '../registration/index.js';

export class CompleteSetup extends NewAccountRequest {
  /**
   * From the link printed at start-up.
   * @example "dGhlLXRva2VuLWFmdGVyLXRoZS1oYXNoLXNpZ24taW4tdGhlLWxpbms"
   */
  @IsString()
  @Length(1, 100)
  token: string;
}

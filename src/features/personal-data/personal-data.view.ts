import { ApiProperty } from '@nestjs/swagger';

/** What is held on a user. */
export class PersonalDataView {
  exportedAt: Date;
  /**
   * A member for each kind of data, as the features of this installation have it: `account`,
   * `sessions`, `auditEvents`, …
   */
  @ApiProperty({ type: 'object', additionalProperties: true })
  data: Record<string, unknown>;
}

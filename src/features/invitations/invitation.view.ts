import { ApiProperty } from '@nestjs/swagger';

import type { Invitation } from './invitations.repository.js';

/** An invitation that was neither used nor withdrawn. */
export class InvitationView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  id: string;
  /** @example "ada@example.com" */
  @ApiProperty({ format: 'email', maxLength: 254 })
  email: string;
  /**
   * Roles that the new account gets, if whoever invited may still give them.
   * @example ["member"]
   */
  @ApiProperty({ maxItems: 20, maxLength: 40 })
  roles: string[];
  /**
   * Who invited.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;

  static of({ id, email, roles, invitedBy, createdAt, expiresAt }: Invitation): InvitationView {
    const view = { id, email, roles, invitedBy, createdAt, expiresAt };
    return Object.assign(new InvitationView(), view);
  }
}

export class InvitationListView {
  @ApiProperty({ maxItems: 100 })
  items: InvitationView[];
  /**
   * Pass it as `cursor` for the next page; null on the last one.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  nextCursor: string | null;
}

import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';

export interface Invitation {
  id: string;
  email: string;
  emailKey: string;
  roles: string[];
  invitedBy: string;
  createdAt: Date;
  expiresAt: Date;
}

const columns = `id, email, email_key AS "emailKey", roles, invited_by AS "invitedBy",
  created_at AS "createdAt", expires_at AS "expiresAt"`;

/** All SQL of the invitations feature. */
@Injectable()
export class InvitationsRepository {
  constructor(private readonly database: Database) {}

  /** Takes the place of an earlier invitation of the same address. */
  async put(
    invitation: Pick<Invitation, 'id' | 'email' | 'emailKey' | 'roles' | 'invitedBy'>,
    lifeSeconds: number,
  ): Promise<Invitation> {
    const { id, email, emailKey, roles, invitedBy } = invitation;
    const row = await this.database.row<Invitation>(
      `INSERT INTO invitations (id, email, email_key, roles, invited_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
       ON CONFLICT (email_key) DO UPDATE
       SET id = excluded.id, email = excluded.email, roles = excluded.roles,
           invited_by = excluded.invited_by, created_at = now(), expires_at = excluded.expires_at
       RETURNING ${columns}`,
      [id, email, emailKey, roles, invitedBy, lifeSeconds],
    );
    return row!;
  }

  /** Open ones in the order of their ids, which is that of time. */
  page(after: string | undefined, limit: number): Promise<Invitation[]> {
    return this.database.rows(
      `SELECT ${columns} FROM invitations
       WHERE expires_at > now() AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
      [after ?? null, limit],
    );
  }

  /** What is held on a user: who else is invited, or invited them, is not theirs to know. */
  about(userId: string): Promise<object[]> {
    return this.database.rows(
      `SELECT invited_by = $1 AS "byYou", CASE WHEN invited_by = $1 THEN NULL ELSE email END AS email,
              roles, created_at AS "createdAt", expires_at AS "expiresAt"
       FROM invitations
       WHERE invited_by = $1 OR email_key = (SELECT email_key FROM users WHERE id = $1)
       ORDER BY created_at`,
      [userId],
    );
  }

  /** Takes an invitation away; gives it when it was still open. */
  take(id: string): Promise<Invitation | undefined> {
    return this.database.row(
      `DELETE FROM invitations WHERE id = $1 AND expires_at > now() RETURNING ${columns}`,
      [id],
    );
  }
}

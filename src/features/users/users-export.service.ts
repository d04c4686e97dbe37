import { Injectable } from '@nestjs/common';

import { AuditService } from '../audit/index.js';
import type { ImportedUser } from './imported-user.js';
import type { User } from './user.entity.js';
import { UsersRepository } from './users.repository.js';

const pageSize = 1_000;

/** Hands all users to another system, in the form that an import reads. */
@Injectable()
export class UsersExportService {
  constructor(
    private readonly users: UsersRepository,
    private readonly audit: AuditService,
  ) {}

  /** @param withHashes adds password hashes, for moving house; guard the result like the database */
  async *export(withHashes: boolean): AsyncGenerator<ImportedUser[]> {
    await this.audit.record('users.exported', { withHashes });
    let after: string | null = null;
    for (;;) {
      const page: User[] = await this.users.afterId(after, pageSize);
      if (page.length > 0) yield page.map((user) => exported(user, withHashes));
      if (page.length < pageSize) return;
      after = page.at(-1)!.id;
    }
  }
}

function exported(user: User, withHashes: boolean): ImportedUser {
  const { email, username, displayName, passwordHash, status, roles } = user;
  return {
    email,
    username,
    ...(displayName !== null && { displayName }),
    ...(withHashes && passwordHash !== null && { passwordHash }),
    emailVerified: user.emailVerifiedAt !== null,
    status: status === 'active' ? 'active' : 'disabled',
    roles,
    createdAt: user.createdAt.toISOString(),
  };
}

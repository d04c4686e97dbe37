import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { defaultRole } from '../../catalogue/permissions.js';
import { Database } from '../../platform/database/index.js';
import { PasswordHasher } from '../../platform/passwords/index.js';
import { AuditService } from '../audit/index.js';
import { RolesService } from '../roles/index.js';
import { type ReadableLine, readLine } from './imported-user.js';
import { type ImportedRow, UsersRepository } from './users.repository.js';

/** Lines that are read, checked and written together. */
const batchSize = 500;

/** What became of one line. */
export type LineOutcome = { line: number } & (
  { outcome: 'imported' | 'present' } | { outcome: 'refused'; problem: string }
);

/** A line of the file; null when it is longer than any user can be. */
export interface ImportLine {
  number: number;
  text: Buffer | null;
}

interface Candidate {
  line: number;
  row: ImportedRow;
}

/**
 * Takes users of another system over, with their password hashes: these are renewed at the first
 * sign-in. Each batch is one transaction, so an import that broke off is repeated: users that are
 * there already count as `present`.
 */
@Injectable()
export class UsersImportService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly roles: RolesService,
    private readonly hasher: PasswordHasher,
    private readonly audit: AuditService,
  ) {}

  /** Gives the outcome of every line, a batch at a time, so that memory does not grow. */
  async *import(lines: AsyncIterable<ImportLine>): AsyncGenerator<LineOutcome[]> {
    const knownRoles = new Set((await this.roles.list()).items.map(({ name }) => name));
    let batch: ImportLine[] = [];
    for await (const line of lines) {
      batch.push(line);
      if (batch.length < batchSize) continue;
      yield await this.importBatch(batch, knownRoles);
      batch = [];
    }
    if (batch.length > 0) yield await this.importBatch(batch, knownRoles);
  }

  private async importBatch(
    lines: readonly ImportLine[],
    knownRoles: ReadonlySet<string>,
  ): Promise<LineOutcome[]> {
    const outcomes: LineOutcome[] = [];
    const candidates: Candidate[] = [];
    for (const { number: line, text } of lines) {
      const read = text === null ? { problem: 'the line is too long' } : await readLine(text);
      const problem = 'problem' in read ? read.problem : this.problemOf(read, knownRoles);
      if ('problem' in read || problem) {
        outcomes.push({ line, outcome: 'refused', problem: problem! });
      } else {
        candidates.push({ line, row: rowOf(read) });
      }
    }
    outcomes.push(...(await this.write(candidates)));
    return outcomes.sort((one, other) => one.line - other.line);
  }

  private problemOf({ user }: ReadableLine, roles: ReadonlySet<string>): string | undefined {
    const unknown = user.roles?.find((name) => !roles.has(name));
    if (unknown !== undefined) return `/roles unknownRole: there is no role ${unknown}`;
    if (user.passwordHash !== undefined && !this.hasher.accepts(user.passwordHash)) {
      return '/passwordHash format: must be Argon2, bcrypt, scrypt or PBKDF2 in PHC form, of bearable cost';
    }
    return undefined;
  }

  private async write(candidates: readonly Candidate[]): Promise<LineOutcome[]> {
    if (candidates.length === 0) return [];
    return this.database.transaction(async () => {
      const rows = candidates.map(({ row }) => row);
      const written = new Set(await this.users.insertMany(rows));
      const events = rows
        .filter(({ id }) => written.has(id))
        .map(({ id, roles }) => ({
          payload: { roles },
          target: { kind: 'user', id } as const,
        }));
      await this.audit.recordAll('users.imported', events);
      const left = candidates.filter(({ row }) => !written.has(row.id));
      const present = await this.users.present(left.map(({ row }) => row));
      return candidates.map(({ line, row }): LineOutcome => {
        if (written.has(row.id)) return { line, outcome: 'imported' };
        if (present.has(row.id)) return { line, outcome: 'present' };
        return { line, outcome: 'refused', problem: 'address or username belongs to another user' };
      });
    });
  }
}

function rowOf({ user, email, username }: ReadableLine): ImportedRow {
  const createdAt = user.createdAt ?? new Date().toISOString();
  return {
    id: uuidv7(),
    email: email.value,
    emailKey: email.key,
    username: username.value,
    usernameKey: username.key,
    displayName: user.displayName ?? null,
    passwordHash: user.passwordHash ?? null,
    status: user.status ?? 'active',
    emailVerifiedAt: user.emailVerified ? createdAt : null,
    createdAt,
    roles: user.roles ?? [defaultRole],
  };
}

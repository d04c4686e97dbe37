import { randomBytes } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { KeyRing, open, seal } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { AuditRepository } from './audit.repository.js';

/** Seals what is of a person; null when their key has been destroyed. */
export type Sealer = (of: string | null, value: object, context: string) => string | null;

/** By person; null: the key was destroyed. */
type Keys = ReadonlyMap<string, Buffer | null>;

/**
 * A key for each person in the audit trail. Destroying it erases what the trail says of them and
 * touches no event (cryptographic erase, NIST SP 800-88). What is of nobody known is sealed by the
 * key ring.
 */
@Injectable()
export class SubjectKeys {
  /** For sealing. Reading asks the database each time, so that what is erased is so at once. */
  private readonly known = new LRUCache<string, Buffer>({ max: 10_000, ttl: 60_000 });

  constructor(
    private readonly repository: AuditRepository,
    private readonly database: Database,
    private readonly keyRing: KeyRing,
  ) {}

  /** What seals for these people. Those who have no key yet get one with the running transaction. */
  async sealer(people: readonly string[]): Promise<Sealer> {
    const keys = await this.keysForSealing([...new Set(people)]);
    return (of, value, context) => {
      const plaintext = Buffer.from(JSON.stringify(value));
      if (of === null) return this.keyRing.seal('audit', plaintext, context).toString('base64');
      const key = keys.get(of);
      return key ? seal(key, plaintext, context).toString('base64') : null;
    };
  }

  /** What opens the parts of these people; null for what was sealed by a key that is no more. */
  async opener(
    people: readonly string[],
  ): Promise<(of: string | null, sealed: string, context: string) => object | null> {
    const keys = await this.stored([...new Set(people)]);
    return (of, sealed, context) => {
      const bytes = Buffer.from(sealed, 'base64');
      if (of === null) return parsed(this.keyRing.open('audit', bytes, context));
      const key = keys.get(of);
      return key ? parsed(open(key, bytes, context)) : null;
    };
  }

  destroy(people: readonly string[]): Promise<void> {
    this.database.afterCommit(() => people.forEach((id) => this.known.delete(id)));
    return this.repository.destroyKeys(people);
  }

  private async keysForSealing(people: readonly string[]): Promise<Keys> {
    const keys = new Map<string, Buffer | null>();
    for (const id of people) {
      const key = this.known.get(id);
      if (key) keys.set(id, key);
    }
    const missing = people.filter((id) => !keys.has(id));
    if (missing.length === 0) return keys;
    let found = await this.stored(missing);
    const strangers = missing.filter((id) => !found.has(id));
    if (strangers.length > 0) {
      await this.repository.addKeys(strangers.map((id) => this.newKey(id)));
      found = await this.stored(missing); // perhaps somebody else's, who came first
    }
    for (const [id, key] of found) {
      keys.set(id, key);
      // Not before: a key that is rolled back must not seal anything afterwards.
      if (key) this.database.afterCommit(() => this.known.set(id, key));
    }
    return keys;
  }

  private newKey(subjectId: string): { subjectId: string; wrapped: Buffer } {
    return { subjectId, wrapped: this.keyRing.seal('audit', randomBytes(32), wrapping(subjectId)) };
  }

  private async stored(people: readonly string[]): Promise<Keys> {
    if (people.length === 0) return new Map();
    const rows = await this.repository.keys(people);
    return new Map(
      rows.map(({ subjectId, wrapped }) => [
        subjectId,
        wrapped && this.keyRing.open('audit', wrapped, wrapping(subjectId)),
      ]),
    );
  }
}

function wrapping(subjectId: string): string {
  return `audit_subject_keys.wrapped:${subjectId}`;
}

function parsed(bytes: Buffer): object {
  return JSON.parse(bytes.toString()) as object;
}

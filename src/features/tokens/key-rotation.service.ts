import { Injectable, type OnModuleInit } from '@nestjs/common';

import type { KeyReason } from '../../catalogue/audit-events.js';
import { Caches } from '../../platform/cache/index.js';
import { TokensConfig } from '../../platform/config/index.js';
import { runAs } from '../../platform/context/request-context.js';
import { KeyRing } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { Queue } from '../../platform/queue/index.js';
import { AuditService } from '../audit/index.js';
import { isOver, signingNow } from './key-set.js';
import {
  generateSigningKey,
  sealSigningKey,
  type SigningAlgorithm,
  type SigningKey,
} from './signing-key.js';
import { type SigningKeyRow, SigningKeysRepository } from './signing-keys.repository.js';
import { signingKeysTag } from './signing-keys.service.js';

const daySeconds = 86_400;

export interface KeyStatus {
  id: string;
  algorithm: SigningAlgorithm;
  /** A key is the `next` one, then it is `signing`, then `verifying` until its last token is over. */
  state: 'next' | 'signing' | 'verifying';
  createdAt: Date;
  signsFrom: Date;
}

/**
 * Makes signing keys and removes them. A key is published before it signs, so that services that
 * keep the key set know it from its first token on; and it verifies until its last token is over.
 * Changes hold a lock and look again under it: of two instances, one makes a key.
 */
@Injectable()
export class KeyRotationService implements OnModuleInit {
  private rotating?: Promise<SigningKeyRow>;

  constructor(
    private readonly database: Database,
    private readonly repository: SigningKeysRepository,
    private readonly ring: KeyRing,
    private readonly audit: AuditService,
    private readonly caches: Caches,
    private readonly config: TokensConfig,
    private readonly queue: Queue,
  ) {}

  /** Makes the first key. */
  async onModuleInit(): Promise<void> {
    this.queue.handle('keys.check', () => this.check());
    if ((await this.repository.all()).length > 0) return;
    await runAs('system', 'start-up', () =>
      this.succeed(undefined, this.config.algorithm, 'first', 0),
    );
  }

  /** Newest first. */
  async list(): Promise<KeyStatus[]> {
    const rows = await this.repository.all();
    const signing = signingNow(rows);
    return rows.map((row) => ({
      id: row.id,
      algorithm: row.algorithm,
      state: row === signing ? 'signing' : row.signsInSeconds > 0 ? 'next' : 'verifying',
      createdAt: row.createdAt,
      signsFrom: row.signsFrom,
    }));
  }

  /**
   * Has TOKEN_ALGORITHM take effect, at the start of an instance: with a key that is published
   * first like any other. Until it signs, all instances go on with the key they have.
   */
  async adoptAlgorithm(): Promise<void> {
    const { algorithm, signingKeyLeadSeconds } = this.config;
    const [newest] = await this.repository.all();
    if (newest?.algorithm === algorithm) return;
    await runAs('system', 'start-up', () =>
      this.succeed(newest, algorithm, 'algorithm', signingKeyLeadSeconds),
    );
  }

  /** Publishes the next key, unless one waits already; gives its id. */
  rotate(reason: 'schedule' | 'operator' = 'operator'): Promise<SigningKeyRow> {
    // Making RSA keys fills the threads that connections to the database need as well.
    this.rotating ??= this.publishNext(reason).finally(() => (this.rotating = undefined));
    return this.rotating;
  }

  private async publishNext(reason: 'schedule' | 'operator'): Promise<SigningKeyRow> {
    const [newest] = await this.repository.all();
    if (newest && newest.signsInSeconds > 0) return newest;
    const algorithm = newest?.algorithm ?? this.config.algorithm;
    return this.succeed(newest, algorithm, reason, this.config.signingKeyLeadSeconds);
  }

  /** Rotates when the time has come, and removes keys whose last token is over. */
  async check(): Promise<void> {
    await this.tidy();
    const [newest] = await this.repository.all();
    const dueAge = this.config.signingKeyRotationDays * daySeconds;
    if (newest && -newest.signsInSeconds >= dueAge) await this.rotate('schedule');
  }

  /**
   * Removes a key that others may know: its tokens are refused from now on. When it was to sign
   * now or next, another one does so at once.
   * @returns false when there is no such key
   */
  async revoke(id: string): Promise<boolean> {
    const [newest] = await this.repository.all();
    const spare = await generateSigningKey(newest?.algorithm ?? this.config.algorithm);
    return this.database.transaction(async () => {
      await this.repository.lock();
      const before = await this.repository.all();
      if (!(await this.repository.delete(id))) return false;
      const signing = signingNow(before)?.id === id;
      await this.audit.record('keys.revoked', { signing }, { target: { kind: 'key', id } });
      if (before[0]?.id === id && signing) await this.keep(spare, 'revocation', 0);
      else if (signing) await this.repository.signWithin(0);
      await this.caches.invalidate(signingKeysTag);
      return true;
    });
  }

  /**
   * A key that is to sign later than it could have been told was made under a clock that was
   * wrong: it gets its time anew.
   */
  private async tidy(): Promise<void> {
    await this.database.transaction(async () => {
      await this.repository.lock();
      const moved = await this.repository.signWithin(this.config.signingKeyLeadSeconds);
      const over = (await this.repository.all()).filter((key) => isOver(key));
      for (const { id } of over) {
        await this.repository.delete(id);
        await this.audit.record('keys.retired', {}, { target: { kind: 'key', id } });
      }
      if (moved.length + over.length > 0) await this.caches.invalidate(signingKeysTag);
    });
  }

  /**
   * Makes the key after `newest`, or takes the one that another instance has made meanwhile. The
   * key is made before the lock: an RSA key takes longer than others would wait for it.
   */
  private async succeed(
    newest: SigningKeyRow | undefined,
    algorithm: SigningAlgorithm,
    reason: KeyReason,
    signsInSeconds: number,
  ): Promise<SigningKeyRow> {
    const key = await generateSigningKey(algorithm);
    return this.database.transaction(async () => {
      await this.repository.lock();
      const [found] = await this.repository.all();
      if (found && found.id !== newest?.id) return found;
      await this.keep(key, reason, signsInSeconds);
      await this.caches.invalidate(signingKeysTag);
      return (await this.repository.all())[0]!;
    });
  }

  private async keep(key: SigningKey, reason: KeyReason, signsInSeconds: number): Promise<void> {
    const { id, algorithm, publicJwk } = key;
    await this.repository.insert({
      id,
      algorithm,
      publicJwk,
      privateSealed: sealSigningKey(this.ring, key),
      longestTokenSeconds: this.config.accessTokenSeconds,
      signsInSeconds,
    });
    await this.audit.record(
      'keys.created',
      { algorithm, reason, signsInSeconds },
      { target: { kind: 'key', id } },
    );
  }
}

import { randomBytes } from 'node:crypto';

import { Injectable, type OnModuleInit } from '@nestjs/common';

import { ProcessConfig } from '../../platform/config/index.js';
import { KeyRing, MasterKeyError } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import {
  type NoteSigner,
  noteSigner,
  type NoteVerifier,
  parseVerifierKey,
  verifierKeyOf,
} from '../../platform/transparency-log/index.js';
import { AuditLogRepository } from './audit-log.repository.js';

/**
 * The Ed25519 key that signs the checkpoints, made at the first start. Name and key never change:
 * they are what checkpoints that somebody keeps are compared with.
 */
@Injectable()
export class LogKey implements OnModuleInit {
  private current?: { signer: NoteSigner; verifier: NoteVerifier };

  constructor(
    private readonly repository: AuditLogRepository,
    private readonly database: Database,
    private readonly keyRing: KeyRing,
    private readonly process: ProcessConfig,
  ) {}

  /** @throws MasterKeyError when the key that is stored does not open: nothing is signed with another one */
  async onModuleInit(): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.lock('audit-log-key');
      const stored = await this.repository.key();
      if (stored) this.use(stored.origin, this.open(stored));
      else await this.create();
    });
  }

  get signer(): NoteSigner {
    return this.current!.signer;
  }

  get verifier(): NoteVerifier {
    return this.current!.verifier;
  }

  /** What whoever checks the log needs to know of it (C2SP signed-note, verifier key). */
  get verifierKey(): string {
    return verifierKeyOf(this.signer);
  }

  private async create(): Promise<void> {
    const origin = `${new URL(this.process.publicUrl).host}/audit`;
    const seed = randomBytes(32);
    this.use(origin, seed);
    const seedSealed = this.keyRing.seal('audit', seed, context(origin));
    await this.repository.addKey({ origin, seedSealed }, this.verifierKey);
  }

  private open({ origin, seedSealed }: { origin: string; seedSealed: Buffer }): Buffer {
    try {
      return this.keyRing.open('audit', seedSealed, context(origin));
    } catch (error) {
      throw new MasterKeyError(
        `The key of the audit log ${origin} cannot be opened: ${(error as Error).message}. ` +
          'Put table data_keys back as it was; another key would begin another log.',
      );
    }
  }

  private use(origin: string, seed: Buffer): void {
    const signer = noteSigner(origin, seed);
    this.current = { signer, verifier: parseVerifierKey(verifierKeyOf(signer)) };
  }
}

function context(origin: string): string {
  return `audit_log_keys.seed_sealed:${origin}`;
}

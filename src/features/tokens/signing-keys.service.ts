import { Injectable, type OnModuleInit } from '@nestjs/common';

import { TokensConfig } from '../../platform/config/index.js';
import { runAs } from '../../platform/context/request-context.js';
import { KeyRing } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { AuditService } from '../audit/index.js';
import {
  exportPrivateKey,
  generateSigningKey,
  importPrivateKey,
  type SigningKey,
} from './signing-key.js';
import { type SigningKeyRow, SigningKeysRepository } from './signing-keys.repository.js';

/** The keys that sign and verify access tokens; private parts are sealed at rest. */
@Injectable()
export class SigningKeysService implements OnModuleInit {
  private byId: ReadonlyMap<string, SigningKey> = new Map();
  private signing?: SigningKey;

  constructor(
    private readonly database: Database,
    private readonly repository: SigningKeysRepository,
    private readonly ring: KeyRing,
    private readonly audit: AuditService,
    private readonly config: TokensConfig,
  ) {}

  /** Opens all keys and makes one when there is none of the configured algorithm. */
  async onModuleInit(): Promise<void> {
    if (await this.load()) return;
    // Before the lock: making an RSA key takes longer than another instance would wait for it.
    const key = await generateSigningKey(this.config.algorithm);
    await runAs('system', 'start-up', () =>
      this.database.transaction(async () => {
        await this.repository.lock();
        if (await this.load()) return;
        await this.keep(key);
        await this.load();
      }),
    );
  }

  /** Opens what is stored; false when no key of the configured algorithm is among it. */
  private async load(): Promise<boolean> {
    const keys = (await this.repository.all()).map((row) => this.unseal(row));
    this.byId = new Map(keys.map((key) => [key.id, key]));
    this.signing = keys.find(({ algorithm }) => algorithm === this.config.algorithm);
    return this.signing !== undefined;
  }

  /** The key new tokens are signed with. */
  get current(): SigningKey {
    if (!this.signing) throw new Error('signing keys are not loaded yet');
    return this.signing;
  }

  /** The key a token names; only keys of ours are found (ASVS V9.1.3). */
  find(id: string): SigningKey | undefined {
    return this.byId.get(id);
  }

  all(): SigningKey[] {
    return [...this.byId.values()];
  }

  private async keep(key: SigningKey): Promise<void> {
    const { id, algorithm, publicJwk } = key;
    const privateSealed = this.ring.seal('signing-keys', exportPrivateKey(key), sealContext(id));
    await this.repository.insert({ id, algorithm, privateSealed }, publicJwk);
    await this.audit.record('keys.created', { algorithm }, { target: { kind: 'key', id } });
  }

  private unseal({ id, algorithm, privateSealed }: SigningKeyRow): SigningKey {
    return importPrivateKey(
      algorithm,
      this.ring.open('signing-keys', privateSealed, sealContext(id)),
    );
  }
}

function sealContext(id: string): string {
  return `signing_keys.private_sealed:${id}`;
}

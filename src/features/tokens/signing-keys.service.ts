import { Injectable } from '@nestjs/common';

import { Caches, type TaggedCache } from '../../platform/cache/index.js';
import { TokensConfig } from '../../platform/config/index.js';
import { KeyRing } from '../../platform/crypto/index.js';
import { KeySet } from './key-set.js';
import { openSigningKey, type SigningKey } from './signing-key.js';
import { SigningKeysRepository } from './signing-keys.repository.js';

/** Cache tag of the signing keys. */
export const signingKeysTag = 'signing-keys';

/** How often an id that nobody knows makes an instance look into the database. Milliseconds. */
const lookAgainMs = 1_000;

/** The keys that sign and verify access tokens now, as every change leaves them on all instances. */
@Injectable()
export class SigningKeysService {
  private readonly cache: TaggedCache<KeySet>;
  /** Opened keys, since opening one costs more than reading it. */
  private opened: ReadonlyMap<string, SigningKey> = new Map();
  private latest?: KeySet;
  private looking?: Promise<KeySet>;
  private lookAgainAt = 0;

  constructor(
    private readonly repository: SigningKeysRepository,
    private readonly ring: KeyRing,
    private readonly config: TokensConfig,
    caches: Caches,
  ) {
    this.cache = caches.create<KeySet>({
      name: 'signing_keys',
      maxEntries: 1,
      ttlMs: 60_000,
      tags: () => [signingKeysTag],
    });
  }

  /** The key new tokens are signed with. */
  async signing(): Promise<SigningKey> {
    const key = (await this.current()).signing();
    if (!key) throw new Error('there is no signing key');
    const { accessTokenSeconds } = this.config;
    if (key.longestTokenSeconds < accessTokenSeconds) {
      await this.repository.raiseLongestToken(key.id, accessTokenSeconds);
      this.cache.invalidate(signingKeysTag);
    }
    return key;
  }

  /**
   * The key a token names; only keys of ours are found (ASVS V9.1.3). A key that another instance
   * made a moment ago may not be known yet: then the database is asked, though not more often for
   * a liar who makes ids up.
   */
  async find(id: string): Promise<SigningKey | undefined> {
    const known = (await this.current()).find(id);
    if (known || performance.now() < this.lookAgainAt) return known;
    this.lookAgainAt = performance.now() + lookAgainMs;
    this.cache.invalidate(signingKeysTag);
    return (await this.current()).find(id);
  }

  /** For other services. While the database is away, what was known last: never nothing. */
  async published(): Promise<readonly SigningKey[]> {
    try {
      // One look at a time: while nothing is cached, any number of strangers may ask.
      this.looking ??= this.current().finally(() => (this.looking = undefined));
      return (await this.looking).published();
    } catch (error) {
      if (!this.latest) throw error;
      return this.latest.published();
    }
  }

  private async current(): Promise<KeySet> {
    return (await this.cache.get('all', () => this.load()))!;
  }

  private async load(): Promise<KeySet> {
    const readAt = performance.now();
    const rows = await this.repository.all();
    const { opened } = this;
    this.opened = new Map(
      rows.map((row) => [row.id, opened.get(row.id) ?? openSigningKey(this.ring, row)]),
    );
    const keys = rows.map((row) => ({ ...row, ...this.opened.get(row.id)! }));
    return (this.latest = new KeySet(keys, readAt));
  }
}

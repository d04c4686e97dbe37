import { timingSafeEqual } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import type { RefusedApiKey } from '../../catalogue/audit-events.js';
import type { Principal } from '../../platform/access/index.js';
import { Caches, type TaggedCache } from '../../platform/cache/index.js';
import { currentContext } from '../../platform/context/request-context.js';
import { tokenHash } from '../../platform/crypto/index.js';
import { RateLimiter } from '../../platform/throttling/rate-limiter.js';
import { AuditService } from '../audit/index.js';
import { RolesService, rolesTag } from '../roles/index.js';
import { AccountsService, userTag } from '../users/index.js';
import { type ApiKey, parseApiKey } from './api-key.js';
import { ApiKeyUsage } from './api-key-usage.js';
import { ApiKeysRepository, type ApiKeySecrets } from './api-keys.repository.js';

/** Cache tag of everything that depends on one API key. */
export const apiKeyTag = (id: string): string => `api-key:${id}`;

export interface KnownApiKey {
  row: ApiKeySecrets;
  /** Null when the owner is gone or disabled. */
  principal: Principal | null;
}

type Load = () => Promise<KnownApiKey | null>;

/** A key that is refused is an audit event this often at most. Milliseconds. */
const refusalsApartMs = 60_000;

/**
 * Turns an API key into its caller: its owner, with those of the owner's rights now that are
 * scopes of the key. Key, status and roles are looked up in a cache that every change of them
 * invalidates, so that revoking, disabling and new roles count at the next request.
 */
@Injectable()
export class ApiKeyCallersService {
  private readonly cache: TaggedCache<KnownApiKey>;
  private readonly refused = new LRUCache<string, true>({ max: 10_000, ttl: refusalsApartMs });

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly accounts: AccountsService,
    private readonly roles: RolesService,
    private readonly usage: ApiKeyUsage,
    private readonly audit: AuditService,
    private readonly limiter: RateLimiter,
    caches: Caches,
  ) {
    this.cache = caches.create<KnownApiKey>({
      name: 'api_key',
      maxEntries: 10_000,
      ttlMs: 60_000,
      tags: (id, { row }) => [apiKeyTag(id), userTag(row.userId), rolesTag],
    });
  }

  /** Null when the key proves nothing now. Throws when that cannot be found out. */
  async fromKey(text: string): Promise<Principal | null> {
    const address = currentContext()?.address ?? 'unknown';
    const bound = (load: Load): ReturnType<Load> =>
      this.limiter.lookUp('unknown-credential', address, load);
    const found = await this.find(text, bound);
    if (found) this.usage.used(found.row.id);
    return found?.principal ?? null;
  }

  /** The key and its caller, if it is good now; looking is no use of it. */
  async find(
    text: string,
    bound: (load: Load) => ReturnType<Load> = (load) => load(),
  ): Promise<{ row: ApiKeySecrets; principal: Principal } | null> {
    const key = parseApiKey(text);
    const known = key && (await this.cache.get(key.id, () => bound(() => this.load(key.id))));
    if (!known) return null;
    const reason = refusalOf(known, key);
    if (!reason) return { row: known.row, principal: known.principal! };
    await this.recordRefusal(known.row, reason);
    return null;
  }

  private async load(id: string): Promise<KnownApiKey | null> {
    const row = await this.keys.byId(id);
    if (!row) return null;
    const roles = await this.accounts.activeRoles(row.userId);
    if (!roles) return { row, principal: null };
    const held = await this.roles.permissionsOf(roles);
    const principal: Principal = {
      userId: row.userId,
      sessionId: null,
      authenticatedAt: 0,
      apiKeyId: id,
      ...(row.requestsPerMinute !== null && { requestsPerMinute: row.requestsPerMinute }),
      roles,
      permissions: new Set([...held].filter((permission) => row.scopes.includes(permission))),
    };
    return { row, principal };
  }

  private async recordRefusal({ id, userId }: ApiKeySecrets, reason: RefusedApiKey): Promise<void> {
    if (this.refused.has(id)) return;
    this.refused.set(id, true);
    const target = { kind: 'api-key', id } as const;
    await this.audit.recordFailure('api_keys.refused', { reason, userId }, { target });
  }
}

function refusalOf({ row, principal }: KnownApiKey, { text }: ApiKey): RefusedApiKey | undefined {
  const now = Date.now();
  const hash = tokenHash(text);
  const previous = row.previousHash && row.previousUntil && row.previousUntil.getTime() > now;
  const current = timingSafeEqual(hash, row.secretHash);
  if (!current && !(previous && timingSafeEqual(hash, row.previousHash!))) return 'wrong_secret';
  if (row.expiresAt.getTime() <= now) return 'expired';
  return principal ? undefined : 'owner_disabled';
}

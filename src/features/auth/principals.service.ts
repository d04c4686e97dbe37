import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import type { Principal } from '../../platform/access/index.js';
import { Caches, type TaggedCache } from '../../platform/cache/index.js';
import { RolesService, rolesTag } from '../roles/index.js';
import { SessionsService, sessionTag } from '../sessions/index.js';
import { AccessTokensService } from '../tokens/index.js';
import { AccountsService, userTag } from '../users/index.js';

interface CachedPrincipal {
  principal: Principal;
  /** End of the session, milliseconds since 1970. */
  expiresAt: number;
}

/** Short, in case a store was brought back to an earlier state. Milliseconds. */
const endedMs = 60_000;

/**
 * Turns an access token into its caller. The token alone proves nothing: session, status and
 * roles behind it are looked up, in a cache that every change of them invalidates, so that
 * signing out, disabling and new roles count at the next request.
 */
@Injectable()
export class PrincipalsService {
  private readonly cache: TaggedCache<CachedPrincipal>;
  /**
   * Sessions that were asked for and are over. Only ids from tokens that we signed get here, and
   * a token is signed when its session is there for all to see.
   */
  private readonly ended = new LRUCache<string, true>({ max: 20_000, ttl: endedMs });

  constructor(
    private readonly tokens: AccessTokensService,
    private readonly sessions: SessionsService,
    private readonly accounts: AccountsService,
    private readonly roles: RolesService,
    caches: Caches,
  ) {
    this.cache = caches.create<CachedPrincipal>({
      name: 'principal',
      maxEntries: 20_000,
      ttlMs: 60_000,
      tags: (sessionId, { principal }) => [
        sessionTag(sessionId),
        userTag(principal.userId),
        rolesTag,
      ],
    });
  }

  /** Null when the token proves nothing now. Throws when that cannot be found out. */
  async fromAccessToken(token: string): Promise<Principal | null> {
    const claims = await this.tokens.verify(token);
    if (!claims) return null;
    const found = await this.cache.get(claims.sessionId, () => this.loadOnce(claims.sessionId));
    if (!found || found.principal.userId !== claims.userId) return null;
    return found.expiresAt > Date.now() ? found.principal : null;
  }

  /** A session that has ended never comes back: nobody needs to ask for it again. */
  private async loadOnce(sessionId: string): Promise<CachedPrincipal | null> {
    if (this.ended.has(sessionId)) return null;
    return this.load(sessionId);
  }

  private async load(sessionId: string): Promise<CachedPrincipal | null> {
    const session = await this.sessions.live(sessionId);
    if (!session) this.ended.set(sessionId, true);
    const roles = session && (await this.accounts.activeRoles(session.userId));
    if (!session || !roles) return null;
    const permissions = await this.roles.permissionsOf(roles);
    return {
      principal: {
        userId: session.userId,
        sessionId,
        authenticatedAt: session.createdAt.getTime(),
        roles,
        permissions,
      },
      expiresAt: session.expiresAt.getTime(),
    };
  }
}

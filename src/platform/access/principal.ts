import type { Permission } from '../../catalogue/permissions.js';

/** Who is calling, as far as a credential proves it. */
export interface Principal {
  userId: string;
  /** Session behind the credential; ends with it. Null for an API key, which has none. */
  sessionId: string | null;
  /** When the caller proved who they are, in milliseconds since 1970; 0 for an API key. */
  authenticatedAt: number;
  /** Set when an API key was sent. */
  apiKeyId?: string;
  /** Quota of an API key, where it has one of its own. */
  requestsPerMinute?: number;
  roles: readonly string[];
  permissions: ReadonlySet<Permission>;
}

/**
 * What of the rights that its owner holds a caller may use: all with a session, and with an API
 * key those that are scopes of it.
 */
export function usableRights(
  { apiKeyId, permissions }: Principal,
  held: ReadonlySet<Permission>,
): ReadonlySet<Permission> {
  return apiKeyId ? new Set([...held].filter((right) => permissions.has(right))) : held;
}

/** A person who signed in, as opposed to a program that holds an API key of theirs. */
export type SignedInPrincipal = Principal & { sessionId: string };

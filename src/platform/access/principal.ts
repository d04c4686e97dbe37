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

/** A person who signed in, as opposed to a program that holds an API key of theirs. */
export type SignedInPrincipal = Principal & { sessionId: string };

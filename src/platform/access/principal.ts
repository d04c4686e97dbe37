import type { Permission } from '../../catalogue/permissions.js';

/** Who is calling, as far as a credential proves it. */
export interface Principal {
  userId: string;
  /** Session behind the access token; ends with it. */
  sessionId: string;
  roles: readonly string[];
  permissions: ReadonlySet<Permission>;
}

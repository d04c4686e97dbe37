/** What a role can hold, and what it lets its holder do. Built-in roles are rows of their own. */
export const permissions = {
  'users.read': 'List and read all users',
  'users.create': 'Create users',
  'users.update': 'Change the profile and the status of other users',
  'users.delete': 'Delete other users',
  'users.invite': 'Invite people by mail, and list and withdraw invitations',
  'users.assign_roles': 'Give roles to users and take them away',
  'roles.read': 'List roles and permissions',
  'roles.manage': 'Create, change and delete roles',
  'tokens.introspect': 'Ask whether tokens and API keys of anybody are good, and whose they are',
  'audit.read': 'Read the audit trail and prove what is in it',
  'audit.write': 'Write events of other services into the audit trail',
  'audit.manage_sources': 'Lay down what events of other services must look like',
  'api_keys.manage': 'List and revoke the API keys of other users',
  'limits.read': 'See rate limits, who is blocked, and how much is used',
  'limits.update': 'Change rate limits and lift blocks',
} as const satisfies Record<string, string>;

export type Permission = keyof typeof permissions;

export const allPermissions = Object.keys(permissions) as Permission[];

/**
 * Roles that always exist. Their permissions live here and not in the database, so that a
 * permission added by a new version belongs to `admin` from the first request.
 */
export const builtInRoles = {
  admin: {
    description: 'May do everything',
    permissions: allPermissions,
  },
  auditor: {
    description: 'May look at everything and change nothing',
    permissions: allPermissions.filter((name) => name.endsWith('.read')),
  },
  member: {
    description: 'The default role: own profile and own sessions',
    permissions: [],
  },
} as const satisfies Record<string, { description: string; permissions: readonly Permission[] }>;

export type BuiltInRole = keyof typeof builtInRoles;

export const defaultRole: BuiltInRole = 'member';
export const administratorRole: BuiltInRole = 'admin';

/**
 * Everything the audit trail can say. The payload types hold ids and facts, never secrets;
 * `category` decides retention and who is interested.
 */
export type AuditCategory = 'authentication' | 'access' | 'account' | 'configuration' | 'external';

/** What an event can be about; `id` of the target is its id, or its name for a role. */
export type AuditTargetKind =
  | 'user'
  | 'session'
  | 'role'
  | 'key'
  | 'api-key'
  | 'invitation'
  | 'second-factor'
  | 'limit'
  | 'block'
  | 'file'
  | 'audit-hold';

/**
 * Declares one event; the type parameter is its payload. `personal` names members of it that are
 * personal data of the target: they are sealed, and erased with the person.
 */
function event<Payload extends object>(
  category: AuditCategory,
  description: string,
  personal: readonly (keyof Payload & string)[] = [],
) {
  return { category, description, personal } as {
    category: AuditCategory;
    description: string;
    personal: readonly string[];
    /** Type only: carries the payload type. */
    payload?: Payload;
  };
}

/** Before and after of the fields that changed. */
export type Changes = Record<string, { before: unknown; after: unknown }>;

export type RefusedSignIn =
  'unknown_identifier' | 'wrong_password' | 'disabled' | 'email_not_verified';

export type RefusedApiKey = 'wrong_secret' | 'expired' | 'owner_disabled';

export type KeyReason = 'first' | 'schedule' | 'operator' | 'algorithm' | 'revocation';

export const auditEvents = {
  'auth.signed_in': event<{
    sessionId: string;
    method: 'password' | 'totp' | 'recovery_code' | 'step_up' | 'demo';
  }>('authentication', 'Somebody signed in, or proved anew who they are'),
  'auth.sign_in_refused': event<{ reason: RefusedSignIn }>(
    'authentication',
    'A sign-in was refused; the caller is never told which reason',
  ),
  'auth.locked_out': event<{
    kind: 'sign-in' | 'password' | 'second-factor';
    scope: 'network' | 'name';
    seconds: number;
  }>(
    'authentication',
    'Failed attempts brought a wait: for one network, or for a name everywhere but on known devices',
  ),
  'auth.session_refreshed': event<{ sessionId: string; generation: number; replayed: boolean }>(
    'authentication',
    'A refresh token was exchanged; `replayed` when its predecessor got the same one again in time',
  ),
  'auth.refresh_token_reused': event<{ sessionId: string; generation: number }>(
    'authentication',
    'A spent refresh token was presented again: its session was ended',
  ),
  'auth.signed_out': event<{ sessionId: string }>('authentication', 'Somebody signed out'),
  'auth.signed_out_everywhere': event<{ sessions: number }>(
    'authentication',
    'Somebody ended all own sessions',
  ),
  'auth.session_revoked': event<{
    sessionId: string;
    reason: 'owner' | 'session_limit' | 'stepped_up' | 'token_revoked';
  }>('authentication', 'A session was ended other than by signing out of it'),
  'auth.password_rehashed': event<{ from: string; to: string }>(
    'authentication',
    'A password hash was renewed at sign-in because the hashing policy has risen',
  ),
  'mfa.enrolment_begun': event<Record<string, never>>(
    'authentication',
    'Somebody began to put a second factor in place',
  ),
  'mfa.enabled': event<{ sessionsEnded: number }>(
    'authentication',
    'A second factor was confirmed; the other sessions ended',
  ),
  'mfa.disabled': event<Record<string, never>>('authentication', 'A second factor was removed'),
  'mfa.reset': event<{ sessionsEnded: number }>(
    'authentication',
    'An operator removed the second factor of somebody who lost it',
  ),
  'mfa.recovery_codes_renewed': event<Record<string, never>>(
    'authentication',
    'Somebody got new recovery codes',
  ),
  'mfa.recovery_code_used': event<{ left: number }>(
    'authentication',
    'Somebody signed in with a recovery code',
  ),
  'mfa.code_refused': event<{ reason: 'wrong' | 'used_before' }>(
    'authentication',
    'A code of the second factor was refused',
  ),
  'auth.password_changed': event<{ by: 'owner' | 'link'; sessions: number }>(
    'authentication',
    'A password was changed by its owner or with a link; `sessions` tells how many ended',
  ),
  'auth.password_change_refused': event<Record<string, never>>(
    'authentication',
    'A change was asked for with a wrong present password',
  ),
  'auth.link_asked': event<{ purpose: 'reset_password' | 'confirm_address' }>(
    'authentication',
    'Somebody asked for a link to the address of an account; a failure when no account waits for one',
  ),
  'auth.link_refused': event<{ purpose: string }>(
    'authentication',
    'A link was opened that is spent, over, replaced or made up',
  ),
  'access.denied': event<{ permission: string; method: string; route: string }>(
    'access',
    'A signed-in caller lacked the permission of a route',
  ),
  'invitations.created': event<{ invitationId: string; roles: string[] }>(
    'account',
    'Somebody was invited to make an account',
  ),
  'invitations.withdrawn': event<{ invitationId: string }>(
    'account',
    'An invitation was withdrawn',
  ),
  'invitations.accepted': event<{ invitationId: string }>(
    'account',
    'An account was made on invitation',
  ),
  'users.address_confirmed': event<Record<string, never>>(
    'account',
    'The owner of an account proved to read mails to its address',
  ),
  'users.address_change_asked': event<Record<string, never>>(
    'account',
    'The owner of an account asked for another address',
  ),
  'users.address_changed': event<Record<string, never>>(
    'account',
    'An account got another address, which was confirmed',
  ),
  'users.registration_repeated': event<Record<string, never>>(
    'account',
    'Somebody registered with an address that has an account; its owner was told',
  ),
  'users.registered': event<{ username: string }>('account', 'An account was registered', [
    'username',
  ]),
  'users.created': event<{ username: string; roles: string[] }>(
    'account',
    'An account was created by an administrator, at set-up or at the command line',
    ['username'],
  ),
  'users.imported': event<{ roles: string[] }>(
    'account',
    'An account was taken over from another system',
  ),
  'users.exported': event<{ withHashes: boolean }>(
    'access',
    'All accounts were written to a file, perhaps with their password hashes',
  ),
  'users.updated': event<{ changes: Changes }>('account', 'A profile or a status changed', [
    'changes',
  ]),
  'users.deleted': event<{ changes: Changes }>(
    'account',
    'An account was deleted: it cannot be used any more and will be erased',
    ['changes'],
  ),
  'users.restored': event<Record<string, never>>(
    'account',
    'The owner took the deletion of an account back with the link in the mail',
  ),
  'users.erased': event<Record<string, never>>(
    'account',
    'Everything held on a deleted account was erased; the id of the target means nobody now',
  ),
  'users.read': event<{ userId: string }>('access', "Somebody read another user's record"),
  'users.data_exported': event<Record<string, never>>(
    'access',
    'Somebody downloaded everything held on them',
  ),
  'users.listed': event<{ search: boolean; results: number }>(
    'access',
    'Somebody listed users; the search text itself is not kept',
  ),
  'users.roles_changed': event<{ before: string[]; after: string[] }>(
    'access',
    'The roles of a user changed',
  ),
  'roles.created': event<{ permissions: string[] }>('configuration', 'A role was created'),
  'roles.updated': event<{ changes: Changes }>('configuration', 'A role changed'),
  'roles.deleted': event<{ permissions: string[] }>('configuration', 'A role was deleted'),
  'roles.grant_refused': event<{ missing: string[] }>(
    'access',
    'Somebody tried to grant, change or take what they do not hold',
  ),
  'api_keys.created': event<{ scopes: string[]; expiresAt: string }>(
    'authentication',
    'Somebody made an API key',
  ),
  'api_keys.rotated': event<{ overlapSeconds: number }>(
    'authentication',
    'An API key got a new secret; the one before works on for the time named',
  ),
  'api_keys.revoked': event<{ userId: string }>(
    'authentication',
    'An API key was revoked, by its owner or by somebody who manages keys',
  ),
  'api_keys.refused': event<{ reason: RefusedApiKey; userId: string }>(
    'authentication',
    'An API key was refused; told once a minute for a key',
  ),
  'api_keys.scope_refused': event<{ missing: string[] }>(
    'access',
    'Somebody wanted an API key that may do what they may not',
  ),
  'keys.created': event<{ algorithm: string; reason: KeyReason; signsInSeconds: number }>(
    'configuration',
    'A token signing key was made and published; it signs after the time named',
  ),
  'keys.retired': event<Record<string, never>>(
    'configuration',
    'A signing key was removed because its last token was over',
  ),
  'keys.revoked': event<{ signing: boolean }>(
    'configuration',
    'A signing key was removed at once, and its tokens with it; `signing` when it was in use',
  ),
  'limits.changed': event<{ changes: Changes }>('configuration', 'A rate limit was changed'),
  'limits.blocked': event<{ policy: string; times: number; seconds: number }>(
    'access',
    'Somebody went on after being refused and was blocked for a while',
  ),
  'limits.many_blocked': event<{ blocks: number }>(
    'access',
    'More were blocked at the same time than are told one by one',
  ),
  'limits.unblocked': event<Record<string, never>>('access', 'A block was lifted'),
  'files.uploaded': event<{ type: string; size: number; sha256: string }>(
    'account',
    'Somebody uploaded a file; its name is not kept here',
  ),
  'files.deleted': event<Record<string, never>>('account', 'Somebody deleted an own file'),
  'files.infected': event<{ ownerId: string; sha256: string; signature: string }>(
    'access',
    'The scanner found malware in a file; its content was removed',
  ),
  'audit.searched': event<{ view: string; filters: string[]; results: number }>(
    'access',
    'Somebody searched the audit trail; which filters they used is kept, their values are not',
  ),
  'audit.read': event<{ eventId: string }>('access', 'Somebody read one event of the audit trail'),
  'audit.exported': event<{ format: string; filters: string[]; proofs: boolean }>(
    'access',
    'Somebody downloaded the audit trail, or what some filters leave of it',
  ),
  'audit.archived': event<{ from: number; to: number; files: number; manifestSha256: string }>(
    'configuration',
    'Entries of the log were written to files, from the first to before the last number',
  ),
  'audit.pruned': event<{ ranges: string[]; events: number }>(
    'configuration',
    'Events whose time was over were removed: entries by number, first and last; never pruned itself',
  ),
  'audit.hold_added': event<{
    userId: string | null;
    category: string | null;
    from: string | null;
    to: string | null;
    reason: string;
  }>('configuration', 'Events were put under a legal hold: none of them is pruned'),
  'audit.hold_removed': event<{ reason: string }>('configuration', 'A legal hold ended'),
  'audit.source_saved': event<{ source: string; created: boolean; schemaSha256: string }>(
    'configuration',
    'What the payloads of a source of events must look like was laid down or changed',
  ),
  'audit.source_removed': event<{ source: string }>(
    'configuration',
    'The payloads of a source of events are not checked any more',
  ),
  'setup.link_made': event<Record<string, never>>(
    'configuration',
    'A link to make the first administrator was made and shown at start-up',
  ),
  'setup.refused': event<Record<string, never>>(
    'configuration',
    'A set-up link was presented that is spent, over or made up',
  ),
  'setup.completed': event<Record<string, never>>(
    'configuration',
    'The first administrator was made with the set-up link',
  ),
};

export type AuditAction = keyof typeof auditEvents;

export type AuditPayload<A extends AuditAction> = NonNullable<(typeof auditEvents)[A]['payload']>;

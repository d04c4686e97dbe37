/** The chapters of the document, in reading order. A feature of yours adds its own here. */
export const tags: readonly { name: string; description: string }[] = [
  { name: 'auth', description: 'Register, sign in, stay signed in, sign out.' },
  { name: 'mfa', description: 'The second factor: authenticator apps and recovery codes.' },
  { name: 'sessions', description: 'The sign-ins of the caller, and ending them.' },
  { name: 'api-keys', description: 'Keys with which programs act for the caller.' },
  { name: 'users', description: 'Accounts: the own one, and those of others.' },
  { name: 'files', description: 'Files that users upload for themselves.' },
  { name: 'roles', description: 'Roles and what their holders may do.' },
  { name: 'invitations', description: 'People who were asked to make an account.' },
  { name: 'permissions', description: 'Everything a role can hold.' },
  { name: 'audit', description: 'What has happened, and proofs of it.' },
  {
    name: 'rate-limits',
    description: 'How often who may ask, who is blocked, and how much is used.',
  },
  {
    name: 'service',
    description: 'The service itself: set-up, health, version, error codes, public keys.',
  },
];

const partsOfSignIn = ['csrf-token'];
const chaptersOfAuth = ['sessions', 'mfa'];
const partsOfTheService = ['health', 'info', '.well-known', 'problems', 'setup', 'csp-reports'];

/** The chapter of a path: its first segment, with sessions and second factor apart and the service as one. */
export function tagOf(path: string): string {
  const [first = 'service', second = ''] = path.replace(/^\/(api\/v1\/)?/, '').split('/');
  if (first === 'auth' && chaptersOfAuth.includes(second)) return second;
  if (partsOfSignIn.includes(first)) return 'auth';
  return partsOfTheService.includes(first) ? 'service' : first;
}

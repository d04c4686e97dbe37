/**
 * Every error a client can meet: one row per code. The filter in `platform/errors` turns a row
 * into an RFC 9457 problem; `GET /problems/:code` explains it to people.
 *
 * - `category` says whose move it is: `client` (change the request), `validation` (change the
 *   input), `security` (identity or rights), `dependency` (wait: something we need is away),
 *   `server` (our fault).
 * - `log` is the level of the line written for it; `silent` leaves it to the request log.
 * - `advice` tells the reader what to do next.
 */
export type ErrorCategory = 'client' | 'validation' | 'security' | 'dependency' | 'server';

export interface ErrorDefinition {
  status: number;
  title: string;
  category: ErrorCategory;
  log: 'silent' | 'info' | 'warn' | 'error';
  advice: string;
}

export const errors = {
  'http.malformed_request': {
    status: 400,
    title: 'The request is not well-formed HTTP',
    category: 'client',
    log: 'info',
    advice: 'Send one valid HTTP/1.1 request: a single Host header, one framing, a valid target.',
  },
  'http.malformed_json': {
    status: 400,
    title: 'The body is not acceptable JSON',
    category: 'client',
    log: 'silent',
    advice: 'Send UTF-8 JSON without duplicate keys, at most 32 levels deep; `errors` says where.',
  },
  'http.not_found': {
    status: 404,
    title: 'There is nothing at this address',
    category: 'client',
    log: 'silent',
    advice: 'Compare the path with /openapi.json; API routes start with /api/v1.',
  },
  'http.method_not_allowed': {
    status: 405,
    title: 'This address does not take this method',
    category: 'client',
    log: 'silent',
    advice: 'Use one of the methods in the Allow header.',
  },
  'http.request_timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    category: 'client',
    log: 'info',
    advice: 'Send headers and body within 10 seconds.',
  },
  'http.payload_too_large': {
    status: 413,
    title: 'The body is too large',
    category: 'client',
    log: 'silent',
    advice: 'Send less than the limit in HTTP_BODY_LIMIT_BYTES.',
  },
  'http.uri_too_long': {
    status: 414,
    title: 'The request target is too long',
    category: 'client',
    log: 'silent',
    advice: 'Shorten the path or the query.',
  },
  'http.unsupported_media_type': {
    status: 415,
    title: 'The content type is not supported here',
    category: 'client',
    log: 'silent',
    advice: 'Send `Content-Type: application/json`, uncompressed.',
  },
  'http.headers_too_large': {
    status: 431,
    title: 'The request headers are too large',
    category: 'client',
    log: 'info',
    advice: 'Send fewer or smaller headers and cookies.',
  },
  'validation.failed': {
    status: 400,
    title: 'Some input is not valid',
    category: 'validation',
    log: 'silent',
    advice: '`errors` names each field (JSON pointer), the rule it broke and what is expected.',
  },
  'auth.required': {
    status: 401,
    title: 'Sign in first',
    category: 'security',
    log: 'silent',
    advice: 'Send `Authorization: Bearer <accessToken>`; POST /api/v1/auth/login gives one.',
  },
  'auth.invalid_token': {
    status: 401,
    title: 'The access token is not valid',
    category: 'security',
    log: 'info',
    advice: 'It may be expired, revoked or foreign: refresh it or sign in again.',
  },
  'auth.invalid_credentials': {
    status: 401,
    title: 'These credentials are not accepted',
    category: 'security',
    log: 'info',
    advice: 'Check identifier and password. The answer is the same for every cause, on purpose.',
  },
  'auth.too_many_attempts': {
    status: 429,
    title: 'Too many failed attempts',
    category: 'security',
    log: 'info',
    advice:
      'Wait as long as Retry-After says, or reset the password. Nothing was judged meanwhile, and the answer is the same whether or not there is such an account.',
  },
  'auth.invalid_refresh_token': {
    status: 401,
    title: 'The refresh token is not valid',
    category: 'security',
    log: 'info',
    advice: 'Sign in again. A refresh token works once; using an old one ends its session.',
  },
  'mfa.invalid_token': {
    status: 401,
    title: 'The sign-in cannot be completed with this token',
    category: 'security',
    log: 'info',
    advice: 'Sign in again. The token works once, for five minutes, while the password stays.',
  },
  'mfa.invalid_code': {
    status: 401,
    title: 'The code is not accepted',
    category: 'security',
    log: 'info',
    advice:
      'Wait for the next code of your authenticator, or use a recovery code. Each works once.',
  },
  'mfa.already_enrolled': {
    status: 409,
    title: 'A second factor is in place',
    category: 'client',
    log: 'silent',
    advice: 'Remove it with DELETE /api/v1/auth/mfa/totp before you enrol another one.',
  },
  'mfa.no_enrolment': {
    status: 409,
    title: 'There is no enrolment to confirm',
    category: 'client',
    log: 'silent',
    advice: 'Begin with POST /api/v1/auth/mfa/totp and confirm within 15 minutes.',
  },
  'mfa.not_enrolled': {
    status: 404,
    title: 'There is no second factor',
    category: 'client',
    log: 'silent',
    advice: 'Enrol one with POST /api/v1/auth/mfa/totp.',
  },
  'mfa.password_too_short': {
    status: 409,
    title: 'The password is too short to stand alone',
    category: 'client',
    log: 'silent',
    advice: 'Change it to one of 15 characters or more first.',
  },
  'auth.registration_closed': {
    status: 403,
    title: 'Registration is closed',
    category: 'security',
    log: 'silent',
    advice: 'Ask an administrator for an account.',
  },
  'auth.session_required': {
    status: 403,
    title: 'An API key cannot do this',
    category: 'security',
    log: 'info',
    advice: 'This concerns the account itself: sign in and use the access token of the session.',
  },
  'auth.step_up_required': {
    status: 403,
    title: 'Prove once more that it is you',
    category: 'security',
    log: 'silent',
    advice: 'Your sign-in is too old for this: sign in again or POST /api/v1/auth/step-up.',
  },
  'csrf.failed': {
    status: 403,
    title: 'The request may come from a page that is not ours',
    category: 'security',
    log: 'info',
    advice:
      'With cookies, send `X-CSRF-Token` from GET /api/v1/csrf-token, of this session, with every change.',
  },
  'access.denied': {
    status: 403,
    title: 'You do not hold the permission for this',
    category: 'security',
    log: 'info',
    advice: 'Ask an administrator for a role that holds the permission named in `detail`.',
  },
  'setup.closed': {
    status: 404,
    title: 'There is nothing to set up',
    category: 'security',
    log: 'info',
    advice:
      'The link was used, has expired, or an administrator exists. Sign in, or run `npm run cli -- users create-admin`.',
  },
  'users.not_found': {
    status: 404,
    title: 'There is no such user',
    category: 'client',
    log: 'silent',
    advice: 'List users with GET /api/v1/users.',
  },
  'users.email_taken': {
    status: 409,
    title: 'This email address already has an account',
    category: 'client',
    log: 'silent',
    advice: 'Sign in, or use another address.',
  },
  'users.username_taken': {
    status: 409,
    title: 'This username is taken',
    category: 'client',
    log: 'silent',
    advice: 'Choose another one.',
  },
  'users.last_administrator': {
    status: 409,
    title: 'The last active administrator must stay',
    category: 'client',
    log: 'info',
    advice: 'Make another user an administrator first.',
  },
  'users.outranks_you': {
    status: 403,
    title: 'This user holds rights that you do not',
    category: 'security',
    log: 'info',
    advice: 'Ask somebody who holds at least the rights of this user.',
  },
  'users.restore_refused': {
    status: 404,
    title: 'There is nothing to restore',
    category: 'security',
    log: 'info',
    advice: 'The link was used, or the account is erased or was restored by an administrator.',
  },
  'users.own_status': {
    status: 409,
    title: 'You cannot disable yourself',
    category: 'client',
    log: 'silent',
    advice: 'Ask another administrator.',
  },
  'roles.not_found': {
    status: 404,
    title: 'There is no such role',
    category: 'client',
    log: 'silent',
    advice: 'List roles with GET /api/v1/roles.',
  },
  'roles.name_taken': {
    status: 409,
    title: 'A role of this name exists',
    category: 'client',
    log: 'silent',
    advice: 'Choose another name, or change the existing role.',
  },
  'roles.built_in': {
    status: 409,
    title: 'Built-in roles cannot be changed',
    category: 'client',
    log: 'silent',
    advice: 'Create a role of your own and give it the permissions you need.',
  },
  'roles.in_use': {
    status: 409,
    title: 'The role is held by users',
    category: 'client',
    log: 'silent',
    advice: 'Take the role from its users first (GET /api/v1/users?role=…).',
  },
  'roles.grant_exceeds_own': {
    status: 403,
    title: 'You cannot grant what you do not hold',
    category: 'security',
    log: 'info',
    advice: 'Only permissions that you hold yourself can be given to a role or a user.',
  },
  'api_keys.not_found': {
    status: 404,
    title: 'There is no such API key',
    category: 'client',
    log: 'silent',
    advice: 'List your keys with GET /api/v1/api-keys.',
  },
  'api_keys.too_many': {
    status: 409,
    title: 'You have as many API keys as you may',
    category: 'client',
    log: 'silent',
    advice: 'Revoke one that is not used any more.',
  },
  'api_keys.scope_exceeds_own': {
    status: 403,
    title: 'A key cannot do what you cannot',
    category: 'security',
    log: 'info',
    advice: 'Only permissions that you hold yourself can be scopes of your keys.',
  },
  'sessions.not_found': {
    status: 404,
    title: 'There is no such session',
    category: 'client',
    log: 'silent',
    advice: 'List your sessions with GET /api/v1/auth/sessions.',
  },
  'problems.unknown': {
    status: 404,
    title: 'There is no such problem code',
    category: 'client',
    log: 'silent',
    advice: 'GET /problems lists all codes.',
  },
  'resource.conflict': {
    status: 409,
    title: 'The change conflicts with another one',
    category: 'client',
    log: 'info',
    advice: 'Read the resource again and repeat the change if it still applies.',
  },
  'throttling.limit_exceeded': {
    status: 429,
    title: 'Too many requests',
    category: 'client',
    log: 'info',
    advice: 'Wait as long as Retry-After says; RateLimit and RateLimit-Policy tell your quota.',
  },
  'server.internal': {
    status: 500,
    title: 'Something broke on our side',
    category: 'server',
    log: 'error',
    advice: 'Give `requestId` to the operator: the log holds the cause under it.',
  },
  'server.overloaded': {
    status: 503,
    title: 'The service is too busy right now',
    category: 'dependency',
    log: 'warn',
    advice: 'Repeat the request after Retry-After seconds.',
  },
  'server.timeout': {
    status: 504,
    title: 'The answer took too long',
    category: 'dependency',
    log: 'warn',
    advice: 'Repeat the request later; a change may or may not have happened, so read first.',
  },
  'database.unavailable': {
    status: 503,
    title: 'The database cannot be reached right now',
    category: 'dependency',
    log: 'warn',
    advice: 'Repeat the request after Retry-After seconds; nothing was changed.',
  },
  'database.read_only': {
    status: 503,
    title: 'The database takes no writes right now',
    category: 'dependency',
    log: 'warn',
    advice: 'Reads work; repeat the change after Retry-After seconds.',
  },
  'database.full': {
    status: 507,
    title: 'The database has no space left',
    category: 'dependency',
    log: 'error',
    advice: 'Nothing was changed. The operator must free disk space.',
  },
  'redis.unavailable': {
    status: 503,
    title: 'Redis, which keeps the sessions, cannot be reached right now',
    category: 'dependency',
    log: 'warn',
    advice: 'Repeat the request after Retry-After seconds. Nobody was signed out.',
  },
} as const satisfies Record<string, ErrorDefinition>;

export type ErrorCode = keyof typeof errors;

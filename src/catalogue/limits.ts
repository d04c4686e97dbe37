/**
 * Rate-limit policies. Each request is counted by exactly one: the policy that its route
 * declares with `@Limit()`, else `api-key` or `user` for a known caller, else `anonymous`.
 * `unknown-credential` comes before: it bounds what finding out who calls may cost.
 *
 * - `sliding-window`: `quota` requests in any window of `windowSeconds`.
 * - `token-bucket`: `burst` requests at once (`quota` when not given), and `quota` in
 *   `windowSeconds` over time: for programs, which ask evenly.
 * - `per: 'address'` counts each route by client address, signed in or not: sign-in needs that.
 *   `per: 'caller'` counts by user or by API key, and by address who is neither.
 */
export interface LimitPolicy {
  quota: number;
  windowSeconds: number;
  algorithm: 'sliding-window' | 'token-bucket';
  burst?: number;
  per: 'address' | 'caller';
  description: string;
  /** Not changed at run time. */
  fixed?: boolean;
  /** Goes on for networks that are blocked: what people need who signed in behind them. */
  evenWhenBlocked?: boolean;
}

export const limitPolicies = {
  anonymous: {
    quota: 100,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'address',
    description: 'Callers that are not signed in',
  },
  user: {
    quota: 500,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'caller',
    description: 'Signed-in users, all routes together',
  },
  export: {
    quota: 10,
    windowSeconds: 3_600,
    algorithm: 'sliding-window',
    per: 'caller',
    description: 'Downloads of everything that is held on a user',
  },
  'api-key': {
    quota: 500,
    windowSeconds: 60,
    algorithm: 'token-bucket',
    per: 'caller',
    description: 'Programs with an API key, each key by itself, all routes together',
  },
  'unknown-credential': {
    quota: 100,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'address',
    description: 'API keys that have the right form and do not exist: each costs a look-up',
  },
  uploads: {
    quota: 60,
    windowSeconds: 600,
    algorithm: 'sliding-window',
    per: 'caller',
    description: 'Uploads of files',
  },
  introspection: {
    quota: 3_000,
    windowSeconds: 60,
    algorithm: 'token-bucket',
    burst: 500,
    per: 'caller',
    description: 'Services that ask whether tokens are good',
  },
  revocation: {
    quota: 60,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'address',
    description: 'Revoking a token by presenting it',
  },
  ingestion: {
    quota: 3_000,
    windowSeconds: 60,
    algorithm: 'token-bucket',
    burst: 300,
    per: 'caller',
    description: 'Services that write events into the audit trail, up to 100 with each request',
  },
  'csp-reports': {
    quota: 60,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'address',
    description: 'Reports of browsers about violations of a Content-Security-Policy',
  },
  auth: {
    quota: 5,
    windowSeconds: 900,
    algorithm: 'sliding-window',
    per: 'address',
    description: 'Routes that take a credential or make an account; each route counts by itself',
  },
  refresh: {
    quota: 300,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'address',
    description: 'Exchanging refresh tokens: what everybody needs who is signed in',
    evenWhenBlocked: true,
  },
  users: {
    quota: 30,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'caller',
    description: 'Administration of users; each route counts by itself',
  },
  messages: {
    quota: 20,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'caller',
    description: 'Routes that send somebody a message; each route counts by itself',
  },
  analytics: {
    quota: 50,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'caller',
    description: 'Statistics, which cost more than other reads',
  },
  administration: {
    quota: 60,
    windowSeconds: 60,
    algorithm: 'sliding-window',
    per: 'caller',
    description: 'Looking at limits and changing them; fixed, so that no change shuts the way back',
    fixed: true,
  },
} as const satisfies Record<string, LimitPolicy>;

export type LimitPolicyName = keyof typeof limitPolicies;

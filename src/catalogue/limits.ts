/**
 * Rate-limit policies. Each request is counted by exactly one: the policy that its route
 * declares with `@Limit()`, else `api-key` or `user` for a known caller, else `anonymous`.
 * `unknown-credential` comes before: it bounds what finding out who calls may cost.
 *
 * - `quota` requests are allowed in any window of `windowSeconds`.
 * - `per: 'address'` counts each route by client address, signed in or not: sign-in needs that.
 *   `per: 'caller'` counts all routes together, by user or by API key.
 */
export interface LimitPolicy {
  quota: number;
  windowSeconds: number;
  per: 'address' | 'caller';
  description: string;
}

export const limitPolicies = {
  anonymous: {
    quota: 100,
    windowSeconds: 60,
    per: 'address',
    description: 'Callers that are not signed in',
  },
  user: {
    quota: 500,
    windowSeconds: 60,
    per: 'caller',
    description: 'Signed-in users, all routes together',
  },
  export: {
    quota: 10,
    windowSeconds: 3_600,
    per: 'caller',
    description: 'Downloads of everything that is held on a user',
  },
  'api-key': {
    quota: 500,
    windowSeconds: 60,
    per: 'caller',
    description: 'Programs with an API key, each key by itself, all routes together',
  },
  'unknown-credential': {
    quota: 100,
    windowSeconds: 60,
    per: 'address',
    description: 'API keys that have the right form and do not exist: each costs a look-up',
  },
  introspection: {
    quota: 3_000,
    windowSeconds: 60,
    per: 'caller',
    description: 'Services that ask whether tokens are good',
  },
  revocation: {
    quota: 60,
    windowSeconds: 60,
    per: 'address',
    description: 'Revoking a token by presenting it',
  },
  auth: {
    quota: 5,
    windowSeconds: 900,
    per: 'address',
    description: 'Routes that take a credential or make an account; each route counts by itself',
  },
} as const satisfies Record<string, LimitPolicy>;

export type LimitPolicyName = keyof typeof limitPolicies;

import { AsyncLocalStorage } from 'node:async_hooks';

import type { Principal, SignedInPrincipal } from '../access/principal.js';

/**
 * What is known about the work being done now. Logs, audit and errors read it; nobody passes it
 * along as an argument.
 */
export interface RequestContext {
  /** `http` for requests; `system` and `operator` for start-up work and the command line. */
  origin: 'http' | 'system' | 'operator';
  requestId: string;
  /** Client address after trusted proxies; null outside HTTP. */
  address: string | null;
  userAgent: string | null;
  principal?: Principal;
  /** What the caller believes to edit: the header of that name. */
  ifMatch?: string;
  /** The last thing done in each transaction of this work, as part of it. */
  beforeCommit?: () => Promise<void>;
}

const storage = new AsyncLocalStorage<RequestContext>();

export function runInContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work);
}

export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

/** The signed-in caller of a route that demands one. Throws when there is none: a wiring mistake. */
export function currentPrincipal(): Principal {
  const principal = storage.getStore()?.principal;
  if (!principal) throw new Error('currentPrincipal() used on a route without @Access()');
  return principal;
}

/** The person who signed in, on a route of `@Access.signedIn()`. Throws elsewhere: a wiring mistake. */
export function currentSignedIn(): SignedInPrincipal {
  const principal = currentPrincipal();
  const { sessionId } = principal;
  if (sessionId === null) throw new Error('currentSignedIn() used where API keys may call');
  return { ...principal, sessionId };
}

/** Runs start-up or command-line work, so that its audit events say who did it. */
export function runAs<T>(origin: 'system' | 'operator', requestId: string, work: () => T): T {
  return storage.run({ origin, requestId, address: null, userAgent: null }, work);
}

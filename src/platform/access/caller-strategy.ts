import type { FastifyRequest } from 'fastify';
import type passport from 'passport';
import { Strategy } from 'passport-strategy';

import type { Principal } from './principal.js';

/** One way for callers to prove who they are. Features provide them, `app.module.ts` lists them. */
export interface CallerStrategy extends passport.Strategy {
  /** Whether the request carries this kind of credential, good or not. Asks nobody. */
  carries(request: FastifyRequest): boolean;
}

/** All {@link CallerStrategy}s of the application. */
export const CALLER_STRATEGIES = Symbol('caller strategies');

export type PrincipalFound = (error: unknown, principal?: Principal | null) => void;

/**
 * A Passport strategy over a credential that is one text of the request, to be given to
 * `PassportStrategy()`: whoever extends that turns the text into a principal in `validate`.
 */
export abstract class TextCredential extends Strategy {
  constructor(private readonly check: (credential: string, done: PrincipalFound) => void) {
    super();
  }

  /** The credential; undefined when what was sent cannot be one. */
  protected abstract read(request: FastifyRequest): string | undefined;

  override authenticate(request: unknown): void {
    const credential = this.read(request as FastifyRequest);
    if (!credential) {
      this.fail(401);
      return;
    }
    this.check(credential, (error, principal) => {
      if (error) this.error(error as Error);
      else if (principal) this.success(principal);
      else this.fail(401);
    });
  }
}

/** Whether the request says `Authorization: <scheme> …`; schemes have no case (RFC 9110, 11.1). */
export function usesScheme({ headers }: FastifyRequest, scheme: string): boolean {
  const [sent = ''] = headers.authorization?.split(' ', 1) ?? [];
  return sent.toLowerCase() === scheme;
}

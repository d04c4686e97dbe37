import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';

import { Blocks } from '../throttling/blocks.js';
import { networkOf } from '../throttling/client-network.js';
import { accessMetadata, type AccessRule } from './access.decorator.js';
import { CALLER_STRATEGIES, type CallerStrategy } from './caller-strategy.js';
import type { Principal } from './principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** A credential was sent and it proves nothing. */
    credentialRejected?: boolean;
  }
}

/**
 * First guard: finds out who is calling and refuses nobody, so that limits can count by caller.
 * A dependency that fails is an error, never "anonymous".
 */
@Injectable()
export class IdentifyGuard implements CanActivate {
  constructor(
    @Inject(CALLER_STRATEGIES) private readonly strategies: readonly CallerStrategy[],
    private readonly reflector: Reflector,
    private readonly blocks: Blocks,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const carried = this.strategies.filter((strategy) => strategy.carries(request));
    const { authorization } = request.headers;
    if (carried.length === 0 && authorization === undefined) return true;
    if (this.isPublic(context)) {
      if (this.isBlocked(request)) await this.recognise(request, carried);
      return true;
    }
    const principal = await this.identify(request, carried);
    if (principal) request.context.principal = principal;
    else request.credentialRejected = true;
    return true;
  }

  /** Public routes ask nobody who they are; so a probe needs no database, whatever it sends. */
  private isPublic(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<AccessRule>(accessMetadata, targets) === 'public';
  }

  private isBlocked({ context: { address } }: FastifyRequest): boolean {
    return address !== null && this.blocks.leftMs('network', networkOf(address)) > 0;
  }

  /**
   * A block of strangers must not shut public routes to those who are signed in behind the same
   * address. Who calls is no principal, since the route asks for none. Who cannot be found out is a stranger.
   */
  private async recognise(
    request: FastifyRequest,
    carried: readonly CallerStrategy[],
  ): Promise<void> {
    const principal = await this.identify(request, carried).catch(() => null);
    if (principal) request.recognised = principal;
  }

  /**
   * Two credentials in one request could name two callers, and whoever checks only the other one
   * would be fooled: that is nobody (RFC 6750, section 2). So is a scheme that nobody knows.
   */
  private async identify(
    request: FastifyRequest,
    carried: readonly CallerStrategy[],
  ): Promise<Principal | null> {
    const [strategy, ...more] = carried;
    return strategy && more.length === 0 ? this.authenticate(request, strategy) : null;
  }

  /**
   * By instance, not by name: passport's registry of names belongs to the whole process. Passport
   * writes this request's outcome onto the instance it gets, so each request gets its own.
   */
  private authenticate(
    request: FastifyRequest,
    strategy: CallerStrategy,
  ): Promise<Principal | null> {
    return new Promise((resolve, reject) => {
      const done = (error: unknown, principal?: Principal | false | null): void =>
        error ? reject(error as Error) : resolve(principal || null);
      const own = Object.create(strategy) as passport.Strategy;
      const handler = passport.authenticate(own, { session: false }, done) as (
        request: unknown,
        response: unknown,
        next: (error?: unknown) => void,
      ) => void;
      handler(request, {}, done);
    });
  }
}

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';

import { accessMetadata, type AccessRule } from './access.decorator.js';
import type { Principal } from './principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** A credential was sent and it proves nothing. */
    credentialRejected?: boolean;
  }
}

/** The passport strategy that knows callers; a feature provides it. */
export const CALLER_STRATEGY = Symbol('caller strategy');

/**
 * First guard: finds out who is calling and refuses nobody, so that limits can count by caller.
 * A dependency that fails is an error, never "anonymous".
 */
@Injectable()
export class IdentifyGuard implements CanActivate {
  constructor(
    @Inject(CALLER_STRATEGY) private readonly strategy: passport.Strategy,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.headers.authorization === undefined || this.isPublic(context)) return true;
    const principal = await this.authenticate(request);
    if (principal) request.context.principal = principal;
    else request.credentialRejected = true;
    return true;
  }

  /** Public routes ask nobody who they are; so a probe needs no database, whatever it sends. */
  private isPublic(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<AccessRule>(accessMetadata, targets) === 'public';
  }

  /**
   * By instance, not by name: passport's registry of names belongs to the whole process. Passport
   * writes this request's outcome onto the instance it gets, so each request gets its own.
   */
  private authenticate(request: FastifyRequest): Promise<Principal | null> {
    return new Promise((resolve, reject) => {
      const done = (error: unknown, principal?: Principal | false | null): void =>
        error ? reject(error as Error) : resolve(principal || null);
      const strategy = Object.create(this.strategy) as passport.Strategy;
      const handler = passport.authenticate(strategy, { session: false }, done) as (
        request: unknown,
        response: unknown,
        next: (error?: unknown) => void,
      ) => void;
      handler(request, {}, done);
    });
  }
}

import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';

import type { Principal } from './principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** A credential was sent and it proves nothing. */
    credentialRejected?: boolean;
  }
}

/** Name of the passport strategy that a feature provides for `Authorization: Bearer`. */
export const bearerStrategy = 'bearer';

const PassportGuard = AuthGuard(bearerStrategy);

/**
 * First guard: finds out who is calling and refuses nobody, so that limits can count by caller
 * and public routes stay public. A dependency that fails is an error, never "anonymous".
 */
@Injectable()
export class IdentifyGuard extends PassportGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.headers.authorization === undefined) return true;
    await super.canActivate(context);
    return true;
  }

  override handleRequest<T>(
    error: unknown,
    principal: unknown,
    _info: unknown,
    context: ExecutionContext,
  ): T {
    if (error) throw error as Error;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (principal) request.context.principal = principal as Principal;
    else request.credentialRejected = true;
    return principal as T;
  }
}

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

import type { Permission } from '../../catalogue/permissions.js';
import { TokensConfig } from '../config/index.js';
import { AppError } from '../errors/app-error.js';
import { accessMetadata, type AccessRule, stepUpMetadata } from './access.decorator.js';
import type { Principal } from './principal.js';
import { demandRecentSignIn } from './recent-sign-in.js';

/** Told about refusals of identified callers; the audit feature implements it. */
export abstract class DenialRecorder {
  abstract denied(permission: string, method: string, route: string): Promise<void>;
}

/** Last guard: default deny. Lets through what the route's `@Access` declaration allows. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(DenialRecorder) private readonly denials: DenialRecorder,
    private readonly config: TokensConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.declared<AccessRule>(context, accessMetadata);
    if (rule === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request.context;
    if (!principal) {
      throw new AppError(request.credentialRejected ? 'auth.invalid_token' : 'auth.required');
    }
    await this.demand(rule, principal, request);
    if (this.declared<true>(context, stepUpMetadata)) {
      demandRecentSignIn(principal, this.config.stepUpSeconds);
    }
    return true;
  }

  private async demand(
    rule: AccessRule | undefined,
    principal: Principal,
    request: FastifyRequest,
  ): Promise<void> {
    if (rule === 'identified') return;
    if (rule === 'signed-in') {
      if (principal.sessionId !== null) return;
      throw new AppError('auth.session_required');
    }
    if (rule && principal.permissions.has(rule as Permission)) return;
    const route = request.routeOptions.url ?? 'unknown';
    await this.denials.denied(rule ?? 'undeclared', request.method, route);
    throw new AppError('access.denied', {
      detail: `This needs the permission ${rule ?? 'undeclared'}.`,
    });
  }

  private declared<T>(context: ExecutionContext, metadata: string): T | undefined {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<T | undefined>(metadata, targets);
  }
}

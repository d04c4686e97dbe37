import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

import type { Permission } from '../../catalogue/permissions.js';
import { AppError } from '../errors/app-error.js';
import { accessMetadata, type AccessRule } from './access.decorator.js';

/** Told about refusals of signed-in callers; the audit feature implements it. */
export abstract class DenialRecorder {
  abstract denied(permission: string, method: string, route: string): Promise<void>;
}

/** Last guard: default deny. Lets through what the route's `@Access` declaration allows. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(DenialRecorder) private readonly denials: DenialRecorder,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(accessMetadata, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (rule === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request.context;
    if (!principal) {
      throw new AppError(request.credentialRejected ? 'auth.invalid_token' : 'auth.required');
    }
    if (rule === 'signed-in') return true;
    if (rule && principal.permissions.has(rule as Permission)) return true;
    const route = request.routeOptions.url ?? 'unknown';
    await this.denials.denied(rule ?? 'undeclared', request.method, route);
    throw new AppError('access.denied', {
      detail: `This needs the permission ${rule ?? 'undeclared'}.`,
    });
  }
}

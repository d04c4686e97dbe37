import { timingSafeEqual } from 'node:crypto';

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

import { Config, PerimeterConfig } from '../../platform/config/index.js';
import { tokenHash } from '../../platform/crypto/index.js';
import { AppError } from '../../platform/errors/app-error.js';

/**
 * Who may scrape: the holder of METRICS_TOKEN; without a token anybody in development, nobody
 * in production. With METRICS_PORT the main port does not know the address.
 */
@Injectable()
export class MetricsAccess implements CanActivate {
  constructor(
    private readonly config: Config,
    private readonly perimeter: PerimeterConfig,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const { metricsToken, metricsPort } = this.perimeter;
    if (metricsPort !== 0) throw new AppError('http.not_found');
    if (!metricsToken) {
      if (!this.config.production) return true;
      throw new AppError('auth.required', { detail: 'Set METRICS_TOKEN or METRICS_PORT.' });
    }
    const { authorization } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (sameText(authorization ?? '', `Bearer ${metricsToken}`)) return true;
    throw new AppError('auth.required', {
      detail: 'Send `Authorization: Bearer <METRICS_TOKEN>`.',
    });
  }
}

/** Compares in a time that tells nothing of where the texts differ. */
export function sameText(one: string, other: string): boolean {
  return timingSafeEqual(tokenHash(one), tokenHash(other));
}

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

import { PerimeterConfig, ProcessConfig } from '../../platform/config/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { cookieUseOf, exchangesCookie, wantsCookies } from './cookie-use.js';
import { accessTokenOf, refreshTokenOf } from './credential-cookies.js';
import { CsrfTokens } from './csrf-tokens.js';
import { fromOwnPage } from './own-page.policy.js';

const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Browsers send cookies by themselves, whoever wrote the page. What changes something with them,
 * or sets them, must come from a page of ours, and with a token only such a page can read (ASVS
 * V3.5.1). Whoever sends a credential in a header is none of its business.
 */
@Injectable()
export class BrowserGuard implements CanActivate {
  private readonly origins: ReadonlySet<string>;

  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: CsrfTokens,
    process: ProcessConfig,
    perimeter: PerimeterConfig,
  ) {
    this.origins = new Set([new URL(process.publicUrl).origin, ...perimeter.corsOrigins]);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (safeMethods.includes(request.method)) return true;
    const session = this.sessionByCookie(context, request);
    if (session === undefined && !this.setsCookies(context, request)) return true;
    if (!fromOwnPage(request.headers, this.origins)) {
      throw new AppError('csrf.failed', {
        detail:
          'Pages of this origin may not do this; PUBLIC_URL and CORS_ORIGINS name those that may.',
      });
    }
    if (session !== undefined && !this.tokens.verify(takeToken(request), request, session)) {
      throw new AppError('csrf.failed');
    }
    return true;
  }

  /** The session that a cookie alone would act for; undefined when none does. */
  private sessionByCookie(context: ExecutionContext, request: FastifyRequest): string | undefined {
    const { principal } = request.context;
    if (principal && accessTokenOf(request) !== undefined) return principal.sessionId ?? '';
    if (!exchangesCookie(cookieUseOf(this.reflector, context), request)) return undefined;
    return refreshTokenOf(request)?.sessionId;
  }

  /** Else a stranger could sign the visitor in to an account of his own ("login CSRF"). */
  private setsCookies(context: ExecutionContext, request: FastifyRequest): boolean {
    return cookieUseOf(this.reflector, context) !== undefined && wantsCookies(request);
  }
}

/** From the header, or from the body's `_csrf`, which no DTO knows and which is taken out. */
function takeToken({ headers, body }: FastifyRequest): string {
  const header = headers['x-csrf-token'];
  if (typeof header === 'string') return header;
  const members = typeof body === 'object' ? (body as { _csrf?: unknown } | null) : null;
  const token = members?._csrf;
  if (typeof token !== 'string') return '';
  delete members!._csrf;
  return token;
}

import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, map, type Observable } from 'rxjs';

import { TokensConfig } from '../../platform/config/index.js';
import { toAppError } from '../../platform/errors/to-app-error.js';
import { BrowserSessionView } from './browser-session.view.js';
import { cookieUseOf, exchangesCookie, wantsCookies } from './cookie-use.js';
import {
  accessCookie,
  accessTokenOf,
  clearCookies,
  refreshCookie,
  refreshTokenOf,
  sessionOf,
  setCookie,
} from './credential-cookies.js';
import { CsrfTokens } from './csrf-tokens.js';

interface Tokens {
  accessToken: string;
  refreshToken: string;
  expiresIn: number;
}

/** Turns tokens of an answer into cookies, and cookies of a request into its refresh token. */
@Injectable()
export class CredentialModeInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly csrf: CsrfTokens,
    private readonly config: TokensConfig,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const use = cookieUseOf(this.reflector, context);
    if (use === 'drop')
      return next.handle().pipe(map((body) => this.dropped(body, request, reply)));
    if (exchangesCookie(use, request)) return this.exchange(request, reply, next);
    if (!wantsCookies(request) && !cameByCookie(request)) return next.handle();
    return next.handle().pipe(map((body: unknown) => this.asCookies(body, reply)));
  }

  private exchange(
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Observable<unknown> {
    const { refreshToken } = refreshTokenOf(request)!;
    request.body = { ...(request.body as object | undefined), refreshToken };
    return next.handle().pipe(
      map((body: unknown) => this.asCookies(body, reply, request)),
      catchError((error: unknown) => {
        if (toAppError(error).code === 'auth.invalid_refresh_token') clearCookies(reply);
        throw error;
      }),
    );
  }

  /** An answer without tokens (a second factor is due) stays as it is. */
  private asCookies(body: unknown, reply: FastifyReply, exchange?: FastifyRequest): unknown {
    if (!isTokens(body)) return body;
    const { accessToken, refreshToken, expiresIn } = body;
    const sessionId = sessionOf(accessToken)!;
    const { sessionIdleSeconds } = this.config;
    setCookie(reply, accessCookie, accessToken, expiresIn);
    setCookie(reply, refreshCookie, `${sessionId}.${refreshToken}`, sessionIdleSeconds);
    const csrfToken = exchange
      ? this.csrf.issue(exchange, reply, sessionId)
      : this.csrf.renew(reply, sessionId);
    return Object.assign(new BrowserSessionView(), { tokenType: 'Cookie', expiresIn, csrfToken });
  }

  private dropped(body: unknown, request: FastifyRequest, reply: FastifyReply): unknown {
    if (accessTokenOf(request) !== undefined) clearCookies(reply);
    return body;
  }
}

/** What replaces tokens that no script could read must not become readable (stepping up). */
function cameByCookie(request: FastifyRequest): boolean {
  return request.context.principal !== undefined && accessTokenOf(request) !== undefined;
}

function isTokens(body: unknown): body is Tokens {
  return typeof body === 'object' && body !== null && 'accessToken' in body;
}

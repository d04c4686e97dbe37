import type { ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

import { refreshTokenOf } from './credential-cookies.js';

export const cookieUseMetadata = 'gatehouse:cookie-use';

/** What a route does with cookies: gives tokens as cookies, takes one to exchange it, drops them. */
export type CookieUse = 'issue' | 'exchange' | 'drop';

export function cookieUseOf(
  reflector: Reflector,
  context: ExecutionContext,
): CookieUse | undefined {
  return reflector.get<CookieUse | undefined>(cookieUseMetadata, context.getHandler());
}

/** The body asks for cookies; it is not validated yet. */
export function wantsCookies({ body }: FastifyRequest): boolean {
  return (body as { mode?: unknown } | null | undefined)?.mode === 'cookie';
}

/** A refresh token in the body wins over the cookie. */
export function exchangesCookie(use: CookieUse | undefined, request: FastifyRequest): boolean {
  if (use !== 'exchange' || refreshTokenOf(request) === null) return false;
  const { body } = request;
  if (body === undefined || body === null) return true;
  return typeof body === 'object' && !Array.isArray(body) && !('refreshToken' in body);
}

import { timingSafeEqual } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { TokensConfig } from '../../platform/config/index.js';
import { KeyRing, randomToken } from '../../platform/crypto/index.js';
import { csrfCookie, readCookie, setCookie } from './credential-cookies.js';

/**
 * Signed double-submit tokens (OWASP CSRF Prevention): a token belongs to one session and to one
 * random cookie. Each is different, so that compressing an answer tells nothing of the next one
 * (BREACH); all of them are good as long as cookie and session are.
 */
@Injectable()
export class CsrfTokens {
  constructor(
    private readonly keyRing: KeyRing,
    private readonly config: TokensConfig,
  ) {}

  /** A token that goes with the cookie that is there; sets one when there is none. */
  issue(request: FastifyRequest, reply: FastifyReply, sessionId: string): string {
    const cookie = readCookie(request, csrfCookie);
    return cookie === undefined ? this.renew(reply, sessionId) : this.make(sessionId, cookie);
  }

  /** Sets a new cookie, with which tokens of before are worth nothing. */
  renew(reply: FastifyReply, sessionId: string): string {
    const cookie = randomToken();
    setCookie(reply, csrfCookie, cookie, this.config.sessionIdleSeconds);
    return this.make(sessionId, cookie);
  }

  verify(token: string, request: FastifyRequest, sessionId: string): boolean {
    const cookie = readCookie(request, csrfCookie);
    const [salt, mac, ...more] = token.split('.');
    if (!cookie || !salt || !mac || more.length > 0) return false;
    const [given, right] = [Buffer.from(mac), Buffer.from(this.mac(sessionId, cookie, salt))];
    return given.length === right.length && timingSafeEqual(given, right);
  }

  private make(sessionId: string, cookie: string): string {
    const salt = randomToken();
    return `${salt}.${this.mac(sessionId, cookie, salt)}`;
  }

  private mac(...parts: string[]): string {
    return this.keyRing.mac('csrf', JSON.stringify(parts)).toString('base64url');
  }
}

import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * `__Host-` makes browsers demand Secure, Path=/ and no Domain, so that neither a subdomain nor
 * plain HTTP can plant one (RFC 6265bis section 4.1.3.2, ASVS V3.3.1).
 */
export const accessCookie = '__Host-gatehouse-access';
/** `<session id>.<refresh token>`: the session is known here when the access token is over. */
export const refreshCookie = '__Host-gatehouse-refresh';
export const csrfCookie = '__Host-gatehouse-csrf';

/** Strict: no request that another site causes carries them (ASVS V3.3.2); no script reads them. */
const attributes = {
  path: '/',
  secure: true,
  httpOnly: true,
  sameSite: 'strict',
} as const;

export function readCookie({ headers }: FastifyRequest, name: string): string | undefined {
  const { cookie } = headers;
  return cookie?.includes(`${name}=`) ? parseCookie(cookie)[name] || undefined : undefined;
}

export function setCookie(
  reply: FastifyReply,
  name: string,
  value: string,
  maxAgeSeconds: number,
): void {
  const cookie = stringifySetCookie({ name, value, ...attributes, maxAge: maxAgeSeconds });
  const others = reply.getHeader('set-cookie') ?? [];
  void reply.removeHeader('set-cookie').header('set-cookie', [others, cookie].flat());
}

export function clearCookies(reply: FastifyReply): void {
  for (const name of [accessCookie, refreshCookie, csrfCookie]) setCookie(reply, name, '', 0);
}

/**
 * The access token of a browser. A credential in a header wins: who sends one is a program, and
 * means that.
 */
export function accessTokenOf(request: FastifyRequest): string | undefined {
  const { authorization, 'x-api-key': apiKey } = request.headers;
  if (authorization !== undefined || apiKey !== undefined) return undefined;
  return readCookie(request, accessCookie);
}

/** What the refresh cookie says; null when there is none of ours. */
export function refreshTokenOf(
  request: FastifyRequest,
): { sessionId: string; refreshToken: string } | null {
  const [sessionId, refreshToken, ...more] = readCookie(request, refreshCookie)?.split('.') ?? [];
  return sessionId && refreshToken && more.length === 0 ? { sessionId, refreshToken } : null;
}

/** The session of whoever sent these cookies, as far as they say; nothing is proved. */
export function claimedSession(request: FastifyRequest): string {
  const access = accessTokenOf(request);
  return (access && sessionOf(access)) ?? refreshTokenOf(request)?.sessionId ?? '';
}

/** The `sid` claim of a JWT, unverified; undefined when it is none. */
export function sessionOf(accessToken: string): string | undefined {
  try {
    const claims = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString();
    const { sid } = JSON.parse(claims) as { sid?: unknown };
    return typeof sid === 'string' ? sid : undefined;
  } catch {
    return undefined;
  }
}

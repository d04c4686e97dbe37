import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { isUUID } from 'class-validator';
import { LRUCache } from 'lru-cache';
import { v4 as uuidv4 } from 'uuid';

import { ProcessConfig, TokensConfig } from '../../platform/config/index.js';
import { tokenHash } from '../../platform/crypto/index.js';
import { parseCompactJwt } from './compact-jwt.js';
import { SigningKeysService } from './signing-keys.service.js';

export interface AccessTokenClaims {
  userId: string;
  sessionId: string;
}

export interface IssuedToken {
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
}

/** A token whose signature and claims were found good. */
interface VerifiedToken {
  keyId: string;
  claims: AccessTokenClaims;
  /** Seconds since 1970. */
  expiresAt: number;
}

/** RFC 9068. */
const tokenType = 'at+jwt';
/** Difference between clocks that is forgiven. Seconds. */
const leewaySeconds = 5;
/** Tokens whose signature is not checked again; each takes about 400 bytes. */
const rememberedTokens = 20_000;

/** Issues and checks access tokens: JWTs (RFC 7519) after the profile of RFC 9068. */
@Injectable()
export class AccessTokensService {
  private readonly issuer: string;
  /** By hash: a token is sent with every request, and checking its signature costs the most. */
  private readonly verified = new LRUCache<string, VerifiedToken>({ max: rememberedTokens });

  constructor(
    private readonly jwt: JwtService,
    private readonly keys: SigningKeysService,
    private readonly config: TokensConfig,
    { publicUrl }: ProcessConfig,
  ) {
    this.issuer = config.issuer ?? publicUrl;
  }

  /** @param notAfter end of the session, which the token does not outlive */
  async issue({ userId, sessionId }: AccessTokenClaims, notAfter: Date): Promise<IssuedToken> {
    const { id, algorithm, privateKey } = await this.keys.signing();
    const sessionLeft = Math.floor((notAfter.getTime() - Date.now()) / 1000);
    const expiresIn = Math.max(1, Math.min(this.config.accessTokenSeconds, sessionLeft));
    const accessToken = await this.jwt.signAsync(
      { sid: sessionId, client_id: this.config.audience },
      {
        algorithm,
        keyid: id,
        header: { alg: algorithm, typ: tokenType },
        // jsonwebtoken takes key objects, which are far faster; the types of @nestjs/jwt lag behind
        privateKey: privateKey as never,
        subject: userId,
        issuer: this.issuer,
        audience: this.config.audience,
        expiresIn,
        jwtid: uuidv4(),
      },
    );
    return { accessToken, expiresIn };
  }

  /** The claims of a token that is ours and good now; null otherwise. */
  async verify(token: string): Promise<AccessTokenClaims | null> {
    const hash = tokenHash(token).toString('base64url');
    const known = this.verified.get(hash) ?? (await this.check(token));
    const over = !known || known.expiresAt + leewaySeconds <= Date.now() / 1000;
    if (over || !(await this.keys.find(known.keyId))) {
      this.verified.delete(hash);
      return null;
    }
    this.verified.set(hash, known);
    return known.claims;
  }

  /** All claims of a token that is ours and good now; null otherwise. */
  async claimsOf(token: string): Promise<Record<string, unknown> | null> {
    return (await this.verify(token)) && parseCompactJwt(token)!.claims;
  }

  /**
   * Checks everything that cannot change. The key is found by `kid` among our own, and it
   * dictates the algorithm (RFC 8725 sections 3.1 and 3.11).
   */
  private async check(token: string): Promise<VerifiedToken | null> {
    const parsed = parseCompactJwt(token);
    const key = parsed && (await this.keys.find(parsed.header.kid));
    if (!key || parsed.header.alg !== key.algorithm) return null;
    if (!areClaims(parsed.claims) || parsed.claims.aud !== this.config.audience) return null;
    const { sub, sid, exp } = parsed.claims;
    try {
      await this.jwt.verifyAsync(token, {
        publicKey: key.publicKey as never,
        algorithms: [key.algorithm],
        issuer: this.issuer,
        audience: this.config.audience,
        clockTolerance: leewaySeconds,
      });
    } catch {
      return null;
    }
    return { keyId: key.id, claims: { userId: sub, sessionId: sid }, expiresAt: exp };
  }
}

interface Claims {
  sub: string;
  sid: string;
  aud: unknown;
  exp: number;
}

/** Our own claims have one type each (RFC 7519, section 4.1); the library would bear others. */
function areClaims(claims: Record<string, unknown>): claims is Record<string, unknown> & Claims {
  const { sub, sid, exp, iat, nbf } = claims;
  const times = [exp, iat, ...(nbf === undefined ? [] : [nbf])];
  return isUUID(sub) && isUUID(sid) && times.every(Number.isSafeInteger);
}

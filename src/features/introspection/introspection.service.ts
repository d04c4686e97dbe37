import { Injectable } from '@nestjs/common';

import type { Principal } from '../../platform/access/index.js';
import { ProcessConfig, TokensConfig } from '../../platform/config/index.js';
import { ApiKeyCallersService, ApiKeysService } from '../api-keys/index.js';
import { PrincipalsService } from '../auth/index.js';
import { SessionsService } from '../sessions/index.js';
import { AccessTokensService } from '../tokens/index.js';
import { AccountsService } from '../users/index.js';
import { IntrospectionView } from './introspection.view.js';

const inactive = IntrospectionView.of({ active: false });

/** Says of an access token or an API key whether it is good now, and whose. */
@Injectable()
export class IntrospectionService {
  private readonly issuer: string;

  constructor(
    private readonly tokens: AccessTokensService,
    private readonly principals: PrincipalsService,
    private readonly apiKeys: ApiKeyCallersService,
    private readonly accounts: AccountsService,
    config: TokensConfig,
    { publicUrl }: ProcessConfig,
  ) {
    this.issuer = config.issuer ?? publicUrl;
  }

  /**
   * Everything that is not good now is told in the same way (RFC 7662, section 2.2). So is a
   * refresh token: no service but this one should ever see one.
   */
  async introspect(token: string): Promise<IntrospectionView> {
    return (await this.accessToken(token)) ?? (await this.apiKey(token)) ?? inactive;
  }

  private async accessToken(token: string): Promise<IntrospectionView | null> {
    const claims = await this.tokens.claimsOf(token);
    const principal = claims && (await this.principals.fromAccessToken(token));
    if (!principal) return null;
    const { client_id, exp, iat, aud, iss, jti, sid } = claims as unknown as IntrospectionView;
    const about = await this.about(principal);
    return { ...about, client_id, token_type: 'Bearer', exp, iat, aud, iss, jti, sid };
  }

  private async apiKey(text: string): Promise<IntrospectionView | null> {
    const found = await this.apiKeys.find(text);
    if (!found) return null;
    const { id, createdAt, rotatedAt, expiresAt } = found.row;
    const about = await this.about(found.principal);
    const iat = secondsOf(rotatedAt ?? createdAt);
    const exp = secondsOf(expiresAt);
    return { ...about, client_id: id, token_type: 'ApiKey', exp, iat, iss: this.issuer };
  }

  private async about({ userId, permissions }: Principal): Promise<IntrospectionView> {
    const username = await this.accounts.usernameOf(userId);
    const scope = [...permissions].sort().join(' ');
    return IntrospectionView.of({
      active: true,
      scope,
      sub: userId,
      ...(username && { username }),
    });
  }
}

/** Takes tokens back for whoever presents them: holding one is the right to end it. */
@Injectable()
export class RevocationService {
  constructor(
    private readonly tokens: AccessTokensService,
    private readonly sessions: SessionsService,
    private readonly apiKeys: ApiKeyCallersService,
    private readonly keys: ApiKeysService,
  ) {}

  /** A token that is none ends nothing, and nobody is told (RFC 7009, section 2.2). */
  async revoke(token: string): Promise<void> {
    const claims = await this.tokens.verify(token);
    if (claims) {
      await this.sessions.revokeByToken(claims.sessionId, claims.userId);
      return;
    }
    if (await this.sessions.revokeByRefreshToken(token)) return;
    const found = await this.apiKeys.find(token);
    if (found) await this.keys.revokePresented(found.row.id, found.row.userId);
  }
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

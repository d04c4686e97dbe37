import { Injectable, type OnModuleInit } from '@nestjs/common';

import {
  type TokenData,
  type TokenPurpose,
  tokenPurposes,
} from '../../catalogue/one-time-tokens.js';
import { randomToken, tokenHash } from '../crypto/index.js';
import { Queue } from '../queue/index.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

export interface Issued<P extends TokenPurpose> {
  /** Its owner; a newer token for the same purpose ends the owner's older one. */
  userId?: string;
  data?: TokenData<P>;
}

export interface Spent<P extends TokenPurpose> {
  userId: string | null;
  data: TokenData<P>;
}

/**
 * Tokens that work once, for the links in mails: 256 random bits, of which only the hash is kept
 * (ASVS V6.5.1, V11.5.1). All of it joins the running transaction.
 */
@Injectable()
export class OneTimeTokens implements OnModuleInit {
  constructor(
    private readonly tokens: OneTimeTokensRepository,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('one_time_tokens.clean_up', () => this.tokens.deleteExpired());
  }

  /** Makes a token, which is known only to whoever gets it from here. */
  async issue<P extends TokenPurpose>(
    purpose: P,
    { userId, data }: Issued<P> = {},
  ): Promise<string> {
    const token = randomToken();
    await this.tokens.put({
      hash: tokenHash(token),
      purpose,
      userId: userId ?? null,
      data: data ?? {},
      lifeSeconds: tokenPurposes[purpose].lifeSeconds,
    });
    return token;
  }

  /** What a token stands for, without spending it; null when it is worth nothing. */
  async look<P extends TokenPurpose>(purpose: P, token: string): Promise<Spent<P> | null> {
    return ((await this.tokens.find(tokenHash(token), purpose)) ?? null) as Spent<P> | null;
  }

  /** Spends a token; null when it is worth nothing: spent, over, replaced, or of another purpose. */
  async spend<P extends TokenPurpose>(purpose: P, token: string): Promise<Spent<P> | null> {
    return ((await this.tokens.take(tokenHash(token), purpose)) ?? null) as Spent<P> | null;
  }

  /** Ends all tokens of a user, whatever they are for. */
  async revokeAllOf(userId: string): Promise<void> {
    await this.tokens.deleteAllOf(userId);
  }

  /** Ends the tokens of a purpose: a user's, or all. */
  async revoke(purpose: TokenPurpose, userId?: string): Promise<void> {
    await this.tokens.deleteOf(purpose, userId);
  }
}

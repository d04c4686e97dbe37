import { Injectable, type OnModuleInit } from '@nestjs/common';

import { KeyRing, randomToken, tokenHash } from '../../platform/crypto/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { Queue } from '../../platform/queue/index.js';
import { AccountsService, type Credentials } from '../users/index.js';
import { MfaChallengesRepository } from './mfa-challenges.repository.js';

/** Time to find the phone. */
const lifeSeconds = 300;
const batch = 1_000;

/**
 * What somebody holds who has shown the right password and owes the second factor: it works once,
 * for a short time, and only while the password is the one that was shown.
 */
@Injectable()
export class MfaChallengesService implements OnModuleInit {
  constructor(
    private readonly challenges: MfaChallengesRepository,
    private readonly accounts: AccountsService,
    private readonly keyRing: KeyRing,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('mfa.clean_up', () => this.cleanUp());
  }

  async issue(userId: string): Promise<string> {
    const account = await this.accounts.credentialsOf(userId);
    if (!account) throw new AppError('auth.invalid_credentials');
    const token = randomToken();
    const passwordState = this.passwordState(account);
    await this.challenges.add(tokenHash(token), { userId, passwordState }, lifeSeconds);
    return token;
  }

  /** @throws AppError `mfa.invalid_token` */
  async accountOf(token: string): Promise<Credentials> {
    const challenge = await this.challenges.find(tokenHash(token));
    const account = challenge && (await this.accounts.credentialsOf(challenge.userId));
    if (!account || !this.passwordState(account).equals(challenge.passwordState)) {
      throw new AppError('mfa.invalid_token');
    }
    return account;
  }

  /** Spends the token in the running transaction; false when somebody was faster. */
  spend(token: string): Promise<boolean> {
    return this.challenges.spend(tokenHash(token));
  }

  /** Removes challenges that nobody met. */
  async cleanUp(): Promise<void> {
    while ((await this.challenges.deleteExpired(batch)) === batch);
  }

  private passwordState({ id, passwordHash }: Credentials): Buffer {
    return this.keyRing.mac('second-factors', `password:${id}:${passwordHash}`);
  }
}

import { availableParallelism } from 'node:os';

import { Injectable, type OnModuleInit } from '@nestjs/common';

import { AccountsConfig } from '../config/index.js';
import { randomToken } from '../crypto/tokens.js';
import { Overload } from '../load/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { Argon2id, Bcrypt } from './algorithms.js';
import { BoundedWork } from './bounded-work.js';
import { foreignArgon2, foreignPbkdf2, foreignScrypt } from './foreign-hashes.js';
import type { PasswordAlgorithm, PasswordVerifier } from './password-algorithm.js';

export interface Verification {
  matches: boolean;
  /** Name of the algorithm that wrote the hash. */
  algorithm: string;
  /** True when the hash should be renewed: another algorithm or weaker parameters. */
  outdated: boolean;
}

/** Hashes and verifies passwords, a bounded number at once, off the event loop. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private readonly verifiers: readonly PasswordVerifier[];
  private readonly preferred: PasswordAlgorithm;
  private readonly work: BoundedWork;
  /** Verified against when there is no such user. */
  private decoy = '';

  constructor(
    accounts: AccountsConfig,
    private readonly metrics: Metrics,
    overload: Overload,
  ) {
    const argon2id = new Argon2id(accounts.argon2MemoryKib, accounts.argon2Iterations);
    const bcrypt = new Bcrypt(accounts.bcryptCost);
    this.verifiers = [argon2id, bcrypt, foreignArgon2, foreignScrypt, foreignPbkdf2];
    this.preferred = accounts.passwordAlgorithm === 'bcrypt' ? bcrypt : argon2id;
    this.work = new BoundedWork(
      accounts.hashConcurrency || availableParallelism(),
      accounts.hashQueueLimit,
      () => overload.refusal('password_hashes'),
    );
  }

  /** Before the first request: a sign-in that had to make it first would take twice as long. */
  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash(randomToken());
  }

  get algorithm(): string {
    return this.preferred.name;
  }

  /** @throws AppError `server.overloaded` */
  hash(password: string): Promise<string> {
    return this.measured(this.preferred, () => this.preferred.hash(password));
  }

  /**
   * Compares in constant time. Without a hash (unknown user) the same work is done against a
   * decoy, so that the time tells nothing (ASVS V6.3.8).
   * @throws AppError `server.overloaded`
   */
  async verify(hash: string | null, password: string): Promise<Verification> {
    const against = hash ?? this.decoy;
    const algorithm = this.verifierOf(against);
    if (!algorithm) throw new Error('a stored password hash is of no known algorithm');
    const matches = await this.measured(algorithm, () => algorithm.verify(against, password));
    return {
      matches: matches && hash !== null,
      algorithm: algorithm.name,
      outdated: algorithm !== this.preferred || !this.preferred.isCurrent(against),
    };
  }

  /** Whether a hash written elsewhere can be verified here, so that its user can be imported. */
  accepts(hash: string): boolean {
    return this.verifierOf(hash) !== undefined;
  }

  private verifierOf(hash: string): PasswordVerifier | undefined {
    return this.verifiers.find((verifier) => verifier.recognises(hash));
  }

  private measured<T>(algorithm: PasswordVerifier, task: () => Promise<T>): Promise<T> {
    const result = this.work.run(async () => {
      const end = this.metrics.histogram('password_hash_duration_seconds').startTimer({
        algorithm: algorithm.name,
      });
      try {
        return await task();
      } finally {
        end();
        this.metrics.gauge('password_hash_queue_length').set(this.work.queueLength);
      }
    });
    this.metrics.gauge('password_hash_queue_length').set(this.work.queueLength);
    return result;
  }
}

import { Injectable } from '@nestjs/common';

import { currentContext } from '../../platform/context/request-context.js';
import { KeyRing } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { Metrics } from '../../platform/telemetry/metrics.js';
import { networkOf } from '../../platform/throttling/client-network.js';
import { AuditService } from '../audit/index.js';
import { KnownDevicesRepository } from './known-devices.repository.js';
import { lockOf } from './lockout.policy.js';
import {
  type Counters,
  type Found,
  knownPlace,
  LockoutRepository,
  strangersPlace,
} from './lockout.repository.js';

/** One try to prove something that could be guessed. */
export interface Attempt {
  /** Each kind has counters of its own: what is guessed differs. */
  kind: 'sign-in' | 'password' | 'second-factor';
  /** Who the caller claims to be: what was typed, normalised, or the id of a signed-in user. */
  name: string;
  /** The account behind the name; null when there is none, which changes nothing outside. */
  userId: string | null;
}

/** An attempt that may be judged, and what was found out about it. */
export interface Standing {
  attempt: Attempt;
  counters: Counters;
  device: Buffer;
  found: Found;
}

/** A user has this many known devices at most; the one not seen for longest is forgotten. */
const devicesPerUser = 20;
/** When a device was seen is written down once in this time, not at every sign-in. */
const seenEverySeconds = 86_400;

/**
 * Makes guessing hopeless (ASVS V6.3.1). A use case checks its input first, asks `check` next, and
 * only then tells the caller, right or wrong: under a lock nothing is told, so that neither
 * parallel guesses nor patience gain anything. Right and wrong do the same up to there.
 */
@Injectable()
export class LockoutService {
  constructor(
    private readonly database: Database,
    private readonly failures: LockoutRepository,
    private readonly devices: KnownDevicesRepository,
    private readonly keyRing: KeyRing,
    private readonly audit: AuditService,
    private readonly metrics: Metrics,
  ) {}

  /** @throws AppError `auth.too_many_attempts` while a lock is in place */
  async check(attempt: Attempt): Promise<Standing> {
    const { address, userAgent } = currentContext() ?? {};
    const network = address ? networkOf(address) : 'none';
    const counters = {
      name: this.hashOf(attempt.kind, attempt.name),
      network: this.hashOf('network', network),
    };
    const device = this.hashOf('device', attempt.userId ?? '', network, userAgent ?? '');
    const found = await this.failures.find(counters, attempt.userId, device);
    const seconds = lockOf(found, found.deviceAge !== null);
    if (seconds > 0) throw tooManyAttempts(seconds);
    return { attempt, counters, device, found };
  }

  /**
   * Counts a wrong guess.
   * @throws AppError `auth.too_many_attempts` when a parallel one brought a lock first
   */
  async failed(standing: Standing): Promise<void> {
    const counted = await this.database
      .transaction(async () => {
        const places = await this.failures.count(standing.counters, totalOf(standing));
        if (places.length < 2) throw new LostRace();
        const locks = places.filter(({ seconds }) => seconds > 0);
        for (const lock of locks) await this.recordLock(standing.attempt, lock);
        return locks;
      })
      .catch((error: unknown) => {
        if (error instanceof LostRace) return null;
        throw error;
      });
    if (!counted) await this.refuseLate(standing);
    for (const { ofNetwork } of counted ?? []) {
      this.metrics.counter('auth_lockouts_total').inc({ scope: ofNetwork ? 'network' : 'name' });
    }
  }

  /**
   * Forgets the failures before a success, in the running transaction, which opens what the
   * success opens.
   * @throws AppError `auth.too_many_attempts` when a parallel failure brought a lock first
   */
  async passed(standing: Standing): Promise<void> {
    if (standing.found.counted === 0) return;
    await this.failures.clear(standing.counters, totalOf(standing));
    const { found } = await this.check(standing.attempt);
    standing.found.counted = found.counted;
  }

  /** Remembers the device of a complete sign-in; gives what it was before. */
  async rememberDevice({ attempt, device, found }: Standing): Promise<'first' | 'known' | 'new'> {
    const userId = attempt.userId!;
    if (found.deviceAge !== null) {
      if (found.deviceAge > seenEverySeconds) await this.devices.seen(userId, device);
      return 'known';
    }
    if (!(await this.devices.add(userId, device))) return 'known';
    await this.devices.keepNewest(userId, devicesPerUser);
    return found.hasDevices ? 'new' : 'first';
  }

  /**
   * Lets an owner in again who has proved otherwise who they are, e.g. by a link sent to them.
   * The second factor's lock stays: such a link proves nothing about it.
   * @param names all that the account can be called at sign-in
   */
  async lift(userId: string, names: readonly string[]): Promise<void> {
    await this.failures.clearNames([
      this.hashOf('password', userId),
      ...names.map((name) => this.hashOf('sign-in', name)),
    ]);
  }

  private recordLock(
    { kind, userId }: Attempt,
    lock: { ofNetwork: boolean; seconds: number },
  ): Promise<void> {
    return this.audit.record(
      'auth.locked_out',
      { kind, scope: lock.ofNetwork ? 'network' : 'name', seconds: lock.seconds },
      { outcome: 'failure', ...(userId !== null && { target: { kind: 'user', id: userId } }) },
    );
  }

  /** A lock that came while this attempt was being judged: the answer is that of any later one. */
  private async refuseLate({ attempt }: Standing): Promise<never> {
    await this.check(attempt);
    throw tooManyAttempts(1);
  }

  /** Keyed, since people type passwords where a name belongs, and networks are few. */
  private hashOf(...parts: string[]): Buffer {
    return this.keyRing.mac('lockout', JSON.stringify(parts));
  }
}

class LostRace extends Error {}

function totalOf({ found }: Standing): Buffer {
  return found.deviceAge === null ? strangersPlace : knownPlace;
}

function tooManyAttempts(seconds: number): AppError {
  return new AppError('auth.too_many_attempts', { headers: { 'retry-after': String(seconds) } });
}

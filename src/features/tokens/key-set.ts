import type { SigningKey } from './signing-key.js';

/** What a key may do when, in seconds from the time at which this was told. */
export interface KeySchedule {
  /** Negative when it has begun. */
  signsInSeconds: number;
  /** Until its last token is over; null while no other key is to follow it. */
  verifiesForSeconds: number | null;
}

export type ScheduledKey = SigningKey &
  KeySchedule & {
    /** Longest life of a token that it may have signed. Seconds. */
    longestTokenSeconds: number;
  };

/**
 * The newest key whose time to sign has come. A clock that was set back could leave none: then
 * the oldest one, which verifiers have known for longest.
 * @param age seconds since the schedule was told
 */
export function signingNow<K extends KeySchedule>(
  newestFirst: readonly K[],
  age = 0,
): K | undefined {
  return newestFirst.find(({ signsInSeconds }) => signsInSeconds <= age) ?? newestFirst.at(-1);
}

export function isOver({ verifiesForSeconds }: KeySchedule, age = 0): boolean {
  return verifiesForSeconds !== null && verifiesForSeconds <= age;
}

/**
 * The signing keys as they were read from the database, and what each may do as time goes on.
 * Time is counted from the reading on the monotonic clock: a clock that is set changes nothing.
 */
export class KeySet {
  private readonly byId: ReadonlyMap<string, ScheduledKey>;

  /** @param newestFirst in order of generation */
  constructor(
    private readonly newestFirst: readonly ScheduledKey[],
    private readonly readAt = performance.now(),
  ) {
    this.byId = new Map(newestFirst.map((key) => [key.id, key]));
  }

  signing(now = performance.now()): ScheduledKey | undefined {
    return signingNow(this.newestFirst, this.age(now));
  }

  /** The key of that id, as long as a token of it can be good. */
  find(id: string, now = performance.now()): SigningKey | undefined {
    const key = this.byId.get(id);
    return key && !isOver(key, this.age(now)) ? key : undefined;
  }

  /** Every key that verifies now or will: the next one is published before it signs. */
  published(now = performance.now()): readonly SigningKey[] {
    return this.newestFirst.filter((key) => !isOver(key, this.age(now)));
  }

  /** Seconds since the set was read. */
  private age(now: number): number {
    return (now - this.readAt) / 1000;
  }
}

/** A failure counts until none has followed it for this long. */
export const memorySeconds = 86_400;

/** Tries from one network for one name that cost no wait. */
const freeFailures = 5;
const longestDelaySeconds = 900;

/**
 * Failures for one name, from all networks, before a lock of a day. Accounts have two names,
 * address and username. Were both counted together, a lock of one would tell whose the other is;
 * so each gets half of the 100 that NIST SP 800-63B-4 (section 3.2.2) and ASVS V6.3.1 allow.
 */
const failuresPerName = 50;

/** Seconds to wait after the first failure, the second, and so on; the last goes for all beyond. */
export type Schedule = readonly number[];

/** One network tries one name: 1 s after the sixth failure, twice as much after each further. */
export const networkSchedule: Schedule = [
  ...Array<number>(freeFailures).fill(0),
  ...Array.from({ length: Math.ceil(Math.log2(longestDelaySeconds)) }, (_, n) => 2 ** n),
  longestDelaySeconds,
];

/** All networks together try one name: nothing, then a day. */
export const nameSchedule: Schedule = [
  ...Array<number>(failuresPerName - 1).fill(0),
  memorySeconds,
];

/** Seconds for which each of the counters that an attempt belongs to is locked; 0 when it is not. */
export interface Locks {
  network: number;
  strangers: number;
  known: number;
}

/**
 * Which lock concerns an attempt. Whoever guesses from elsewhere locks out strangers, never the
 * devices that the owner has signed in from; those have a counter of their own.
 */
export function lockOf(locks: Locks, fromKnownDevice: boolean): number {
  return Math.max(locks.network, fromKnownDevice ? locks.known : locks.strangers);
}

/** Refusals of one counter, without a request let through in between, that bring a block. */
export const violationsInARow = 10;

/** Violations that far apart are not in a row. Milliseconds. */
export const streakMs = 15 * 60_000;

const firstSeconds = 60;
const longestSeconds = 3_600;

/** Who is blocked again within this time after a block is blocked for twice as long. */
export const memorySeconds = 86_400;

/**
 * How long the first block lasts, the second, and so on: 1 min, 2, 4 … 60. Not longer: many people
 * may share an address, and it may be somebody else's tomorrow.
 */
export const blockSchedule: readonly number[] = [
  ...Array.from(
    { length: Math.ceil(Math.log2(longestSeconds / firstSeconds)) },
    (_, times) => firstSeconds * 2 ** times,
  ),
  longestSeconds,
];

/** @param times how many blocks there were in a row, with this one */
export function blockSeconds(times: number): number {
  return blockSchedule[Math.min(times, blockSchedule.length) - 1] ?? firstSeconds;
}

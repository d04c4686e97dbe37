/** Refusals, or failures, of one caller on one day that are worth a look. */
export const manyFailures = 20;

const few = 20;
const factor = 3;

export function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return sorted.length === 0 ? 0 : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** More than three times what is usual, and enough to mean something. */
export function isUnusual(today: number, before: readonly number[]): boolean {
  return today > few && today > factor * medianOf(before);
}

/**
 * Whether two kinds of request take the same time: the median of how much longer the second takes
 * than the first right beside it, in milliseconds. Pairs share what the machine does meanwhile, so
 * that a busy one shifts both; who goes first alternates, and the first rounds warm up.
 */
export async function medianGap(
  first: (round: number) => Promise<unknown>,
  second: (round: number) => Promise<unknown>,
  rounds = 120,
): Promise<number> {
  const warmUp = 5;
  const gaps: number[] = [];
  for (let round = -warmUp; round < rounds; round++) {
    const times: [number, number] = [0, 0];
    for (const index of round % 2 ? ([0, 1] as const) : ([1, 0] as const)) {
      const began = performance.now();
      await (index === 0 ? first : second)(round);
      times[index] = performance.now() - began;
    }
    if (round >= 0) gaps.push(times[1] - times[0]);
  }
  return gaps.sort((one, other) => one - other)[gaps.length >> 1]!;
}

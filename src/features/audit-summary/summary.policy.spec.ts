import { isUnusual, medianOf } from './summary.policy.js';

describe('What is unusual about a day', () => {
  it.each([
    [[], 0],
    [[4], 4],
    [[9, 1, 5], 5],
    [[1, 2, 10, 100], 6],
  ])('[AU-07] takes the median of %j', (numbers, median) => {
    expect(medianOf(numbers)).toBe(median);
  });

  it.each([
    [20, [0, 0, 0], false], // too few to mean something
    [21, [0, 0, 0], true],
    [21, [7, 7, 7], false],
    [22, [7, 7, 7], true],
    [100, [40, 1, 40], false],
    [100, [1, 1, 500], true], // one bad day does not make the next one usual
  ])('[AU-07] sees %i failures after %j', (today, before, unusual) => {
    expect(isUnusual(today, before)).toBe(unusual);
  });
});

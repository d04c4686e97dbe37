import { rangesOf } from './pruner.service.js';

describe('Ranges of entries', () => {
  it.each<[number[], [number, number][]]>([
    [[], []],
    [[7], [[7, 7]]],
    [[3, 1, 2], [[1, 3]]],
    [
      [9, 0, 1, 5, 6],
      [
        [0, 1],
        [5, 6],
        [9, 9],
      ],
    ],
  ])('[AU-05] of %j are named by first and last', (numbers, ranges) => {
    expect(rangesOf(numbers)).toEqual(ranges);
  });
});

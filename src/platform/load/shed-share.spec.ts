import { ShedShare } from './shed-share.js';

describe('The share of requests that is refused', () => {
  const after = (maxLagMs: number, ...lags: number[]): number => {
    const share = new ShedShare(maxLagMs);
    for (const lag of lags) share.observe(lag);
    return share.value;
  };

  it.each([
    ['nothing while the loop is in time', [10, 90, 100], 0],
    ['nothing for one late window', [5_000], 0],
    ['nothing for late windows apart', [5_000, 10, 5_000, 10], 0],
    ['a part when it stays late', [200, 200], 0.25],
    ['more the longer', [200, 200, 200, 200], 0.75],
    ['all at last', Array<number>(20).fill(200), 1],
    ['less when it is in time again', [200, 200, 10], 0.125],
    ['the same in between', [200, 200, 70], 0.25],
    ['nothing in the end', [200, 200, 200, ...Array<number>(10).fill(0)], 0],
  ])('[PE-08][F13] is %s', (_name, lags, expected) => {
    expect(after(100, ...lags)).toBe(expected);
  });

  it('[PE-08] is nothing, ever, when 0 is allowed', () => {
    expect(after(0, 9_000, 9_000, 9_000)).toBe(0);
  });
});

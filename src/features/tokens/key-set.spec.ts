import { KeySet, type ScheduledKey } from './key-set.js';

const key = (id: string, signsInSeconds: number, verifiesForSeconds: number | null = null) =>
  ({ id, signsInSeconds, verifiesForSeconds }) as ScheduledKey;
const ids = (keys: readonly { id: string }[]): string[] => keys.map(({ id }) => id);
/** Milliseconds on the monotonic clock at which the set was read, and some seconds later. */
const read = 5_000;
const later = (seconds: number): number => read + seconds * 1000;

describe('Key set', () => {
  const set = new KeySet([key('next', 100), key('now', -50, 200), key('old', -90, 30)], read);

  it.each([
    [0, 'now', ['next', 'now', 'old']],
    [29, 'now', ['next', 'now', 'old']],
    [30, 'now', ['next', 'now']],
    [99, 'now', ['next', 'now']],
    [100, 'next', ['next', 'now']],
    [199, 'next', ['next', 'now']],
    [200, 'next', ['next']],
    [1e9, 'next', ['next']],
  ])('[ID-06] after %i s signs with %s and publishes %j', (seconds, signing, published) => {
    expect(set.signing(later(seconds))?.id).toBe(signing);
    expect(ids(set.published(later(seconds)))).toEqual(published);
    for (const id of ['next', 'now', 'old']) {
      const verifies = published.includes(id);
      expect([id, set.find(id, later(seconds)) !== undefined]).toEqual([id, verifies]);
    }
  });

  it('[ID-06] finds only its own', () => {
    for (const id of ['', 'other', '__proto__', 'constructor']) {
      expect(set.find(id, read)).toBeUndefined();
    }
  });

  it('[ID-06][F07] signs with the oldest when a clock set back leaves none', () => {
    const early = new KeySet([key('second', 9e6), key('first', 8e6, 9e6)], read);
    expect(early.signing(read)?.id).toBe('first');
    expect(ids(early.published(read))).toEqual(['second', 'first']);
  });

  it('[ID-06] of nothing is nothing', () => {
    expect(new KeySet([]).signing()).toBeUndefined();
    expect(new KeySet([]).published()).toEqual([]);
  });
});

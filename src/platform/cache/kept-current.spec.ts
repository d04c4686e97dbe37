import { KeptCurrent } from './kept-current.js';

describe('What is kept current', () => {
  let truth = 1;
  let copy = 0;
  let loads = 0;
  let broken = false;
  const failures: unknown[] = [];

  const kept = (): KeptCurrent =>
    new KeptCurrent({
      load: async () => {
        loads++;
        const read = truth;
        await Promise.resolve();
        if (broken) throw new Error('away');
        copy = read;
      },
      hearing: () => true,
      failed: (error) => failures.push(error),
    });

  beforeEach(() => {
    [truth, copy, loads, broken] = [1, 0, 0, false];
    failures.length = 0;
  });

  it('[PE-01] is there after the start, and new after a refresh', async () => {
    const it = kept();
    await it.start();
    expect(copy).toBe(1);
    truth = 2;
    await it.refresh();
    expect(copy).toBe(2);
    it.stop();
  });

  it('[PE-01] is loaded once more for all who ask while a load is under way', async () => {
    const it = kept();
    const first = it.refresh();
    truth = 2;
    await Promise.all([first, ...Array.from({ length: 16 }, () => it.refresh())]);
    expect([copy, loads]).toEqual([2, 2]);
  });

  it('[PE-01] stays as it was while it cannot be loaded, and heals', async () => {
    const it = kept();
    await it.refresh();
    [truth, broken] = [2, true];
    await it.refresh();
    expect([copy, failures.length]).toEqual([1, 1]);
    broken = false;
    await it.refresh();
    expect(copy).toBe(2);
  });

  it('[PE-01] does not start without it', async () => {
    broken = true;
    await expect(kept().start()).rejects.toThrow('away');
  });
});

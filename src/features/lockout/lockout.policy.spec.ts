import { lockOf, nameSchedule, networkSchedule } from './lockout.policy.js';

describe('Lockout', () => {
  it('[ID-10][V6.3.1] five failures from a network are free, then the wait doubles up to 15 min', () => {
    expect(networkSchedule).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]);
  });

  it('[ID-10] both names of an account together allow 100 failures a day', () => {
    expect(nameSchedule).toHaveLength(50);
    expect(nameSchedule.slice(0, -1).every((seconds) => seconds === 0)).toBe(true);
    expect(nameSchedule.at(-1)).toBe(86_400);
  });

  it.each([
    ['nothing is locked', { network: 0, strangers: 0, known: 0 }, 0, 0],
    ['the network waits', { network: 8, strangers: 0, known: 0 }, 8, 8],
    ['strangers are locked', { network: 0, strangers: 500, known: 0 }, 500, 0],
    ['the longest wait counts', { network: 900, strangers: 500, known: 40 }, 900, 900],
    ['known devices are locked', { network: 1, strangers: 0, known: 60 }, 1, 60],
  ])('[ID-10] %s', (_name, locks, forStrangers, forKnown) => {
    expect(lockOf(locks, false)).toBe(forStrangers);
    expect(lockOf(locks, true)).toBe(forKnown);
  });
});

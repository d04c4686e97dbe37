import { setImmediate as turn } from 'node:timers/promises';

import { AppError } from '../errors/app-error.js';
import { BoundedWork } from './bounded-work.js';

const refusal = (): AppError => new AppError('server.overloaded');

/** A task that ends when told to. */
function task(): { run: () => Promise<string>; end: (result: string) => void; fail: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { run: () => promise, end: resolve, fail: () => reject(new Error('failed')) };
}

describe('Bounded work', () => {
  it('[ID-04][F08] runs so many at once and lets so many wait', async () => {
    const work = new BoundedWork(2, 1, refusal);
    const tasks = [task(), task(), task()];
    let started = 0;
    const running = tasks.map(({ run }) => work.run(() => (started++, run())));
    await turn();
    expect([started, work.queueLength]).toEqual([2, 1]);
    await expect(work.run(() => Promise.resolve())).rejects.toMatchObject({
      code: 'server.overloaded',
    });
    tasks[0]!.end('first');
    await turn();
    expect([started, work.queueLength]).toEqual([3, 0]);
    tasks[1]!.end('second');
    tasks[2]!.end('third');
    expect(await Promise.all(running)).toEqual(['first', 'second', 'third']);
  });

  it('[ID-04] serves who came first, first', async () => {
    const work = new BoundedWork(1, 10, refusal);
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3, 4].map((number) =>
        work.run(async () => {
          await turn();
          order.push(number);
        }),
      ),
    );
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('[ID-04][V16.5.3] gives the slot back when a task fails, throws or is refused', async () => {
    const work = new BoundedWork(1, 1, refusal);
    const failing = task();
    const first = work.run(failing.run);
    const second = work.run(() => Promise.resolve('second'));
    failing.fail();
    await expect(first).rejects.toThrow('failed');
    expect(await second).toBe('second');
    const thrower = (): Promise<never> => {
      throw new Error('at once');
    };
    for (let round = 0; round < 3; round++) {
      await expect(work.run(thrower)).rejects.toThrow('at once');
    }
    expect(await work.run(() => Promise.resolve('after'))).toBe('after');
    expect(work.queueLength).toBe(0);
  });

  it('[ID-04] never exceeds its bound in a long run of tasks that end anyhow', async () => {
    const work = new BoundedWork(3, 1_000, refusal);
    let running = 0;
    let most = 0;
    await Promise.allSettled(
      Array.from({ length: 500 }, (_, index) =>
        work.run(async () => {
          most = Math.max(most, ++running);
          for (let turns = 0; turns <= index % 4; turns++) await turn();
          running--;
          if (index % 5 === 0) throw new Error('failed');
        }),
      ),
    );
    expect([most, running, work.queueLength]).toEqual([3, 0, 0]);
  });

  it('[ID-04] with no queue refuses the moment all slots are taken', async () => {
    const work = new BoundedWork(1, 0, refusal);
    const slow = task();
    const first = work.run(slow.run);
    await expect(work.run(slow.run)).rejects.toMatchObject({ code: 'server.overloaded' });
    slow.end('done');
    expect(await first).toBe('done');
  });

  it('[ID-04][F08] does nothing for who has waited too long, and goes on with the next', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    try {
      const work = new BoundedWork(1, 5, refusal);
      const slow = task();
      const first = work.run(slow.run);
      const tooLong = work.run(() => Promise.resolve('late'));
      clock.mockReturnValue(2_000);
      const inTime = work.run(() => Promise.resolve('in time'));
      clock.mockReturnValue(3_001);
      slow.end('first');
      expect(await first).toBe('first');
      await expect(tooLong).rejects.toMatchObject({ code: 'server.overloaded' });
      expect(await inTime).toBe('in time');
      expect(await work.run(() => Promise.resolve('after'))).toBe('after');
    } finally {
      clock.mockRestore();
    }
  });
});

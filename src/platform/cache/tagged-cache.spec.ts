import { Metrics } from '../telemetry/metrics.js';
import { TaggedCache } from './tagged-cache.js';

interface Entry {
  owner: string;
  version: number;
}

function cacheOf(): TaggedCache<Entry> {
  return new TaggedCache<Entry>(
    { name: 'test', maxEntries: 3, ttlMs: 60_000, tags: (key, { owner }) => [`key:${key}`, owner] },
    new Metrics(),
  );
}

describe('TaggedCache', () => {
  it('[DA-04] loads once for simultaneous look-ups, then answers by itself', async () => {
    const cache = cacheOf();
    const load = jest.fn(() => Promise.resolve({ owner: 'ada', version: 1 }));
    await Promise.all([cache.get('a', load), cache.get('a', load), cache.get('a', load)]);
    expect(cache.get('a', load)).toEqual({ owner: 'ada', version: 1 });
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('[DA-04] forgets by any tag', async () => {
    const cache = cacheOf();
    await cache.get('a', () => Promise.resolve({ owner: 'ada', version: 1 }));
    await cache.get('b', () => Promise.resolve({ owner: 'ada', version: 1 }));
    await cache.get('c', () => Promise.resolve({ owner: 'bob', version: 1 }));
    cache.invalidate('ada');
    const second = (): Promise<Entry> => Promise.resolve({ owner: 'x', version: 2 });
    expect((await cache.get('a', second))?.version).toBe(2);
    expect((await cache.get('b', second))?.version).toBe(2);
    expect((await cache.get('c', second))?.version).toBe(1);
  });

  it('[DA-04][V8.3.2] does not keep what was loaded while a change arrived', async () => {
    const cache = cacheOf();
    let finish!: (entry: Entry) => void;
    const loading = cache.get('a', () => new Promise<Entry>((resolve) => (finish = resolve)));
    cache.invalidate('ada');
    const fresh = cache.get('a', () => Promise.resolve({ owner: 'ada', version: 2 }));
    finish({ owner: 'ada', version: 1 });
    await loading;
    expect((await fresh)?.version).toBe(2);
    expect(
      (await cache.get('a', () => Promise.resolve({ owner: 'ada', version: 3 })))?.version,
    ).not.toBe(1);
  });

  it('[DA-04] keeps nothing while bypassed, and no misses', async () => {
    const cache = cacheOf();
    const load = jest.fn(() => Promise.resolve<Entry | null>({ owner: 'ada', version: 1 }));
    cache.bypassed = true;
    await cache.get('a', load);
    await cache.get('a', load);
    expect(load).toHaveBeenCalledTimes(2);
    cache.bypassed = false;
    const none = jest.fn(() => Promise.resolve(null));
    await cache.get('b', none);
    await cache.get('b', none);
    expect(none).toHaveBeenCalledTimes(2);
  });

  it('[DA-04] hands a failure to all who wait, and tries again later', async () => {
    const cache = cacheOf();
    const failing = (): Promise<Entry> => Promise.reject(new Error('away'));
    const results = await Promise.allSettled([cache.get('a', failing), cache.get('a', failing)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(
      await cache.get('a', () => Promise.resolve({ owner: 'ada', version: 1 })),
    ).not.toBeNull();
  });

  it('[DA-04] is bounded, and evicted entries leave no tags behind', async () => {
    const cache = cacheOf();
    for (let key = 0; key < 1_000; key++) {
      await cache.get(String(key), () => Promise.resolve({ owner: `owner-${key}`, version: 1 }));
    }
    const { keysByTag } = cache as unknown as { keysByTag: Map<string, Set<string>> };
    expect(keysByTag.size).toBe(6);
  });
});

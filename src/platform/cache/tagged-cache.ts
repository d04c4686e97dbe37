import { LRUCache } from 'lru-cache';

import type { Metrics } from '../telemetry/metrics.js';

export interface TaggedCacheOptions<V> {
  /** Label of its hit and miss metrics. */
  name: string;
  maxEntries: number;
  /** Longest time an entry is used even if nothing invalidates it. Milliseconds. */
  ttlMs: number;
  /** What an entry depends on; invalidating any of its tags drops it. */
  tags(key: string, value: V): readonly string[];
}

/**
 * A cache whose entries are dropped by tag. Simultaneous look-ups of one key load once. A value
 * that was being loaded while an invalidation arrived is returned but not kept: it may be the
 * state from before the change.
 */
export class TaggedCache<V extends object> {
  private readonly entries: LRUCache<string, V>;
  private readonly keysByTag = new Map<string, Set<string>>();
  private readonly loading = new Map<string, Promise<V | null>>();
  private invalidations = 0;
  /** Set while pushes from other instances cannot be heard: then nothing is kept. */
  bypassed = false;

  constructor(
    private readonly options: TaggedCacheOptions<V>,
    private readonly metrics: Metrics,
  ) {
    this.entries = new LRUCache({
      max: options.maxEntries,
      ttl: options.ttlMs,
      dispose: (value, key) => this.forgetTags(key, value),
    });
  }

  /** The cached value, else the loaded one; null (not kept) when there is none. */
  get(key: string, load: () => Promise<V | null>): V | Promise<V | null> {
    const cached = this.entries.get(key);
    const labels = { cache_type: this.options.name };
    if (cached) {
      this.metrics.counter('cache_hits_total').inc(labels);
      return cached;
    }
    this.metrics.counter('cache_misses_total').inc(labels);
    // While bypassed, a load under way may have begun before a change nobody told us of.
    return this.bypassed ? load() : (this.loading.get(key) ?? this.load(key, load));
  }

  invalidate(tag: string): void {
    this.invalidations++;
    // Look-ups from now on must not join a load that began before the change.
    this.loading.clear();
    for (const key of this.keysByTag.get(tag) ?? []) this.entries.delete(key);
  }

  clear(): void {
    this.invalidations++;
    this.loading.clear();
    this.entries.clear();
  }

  private load(key: string, load: () => Promise<V | null>): Promise<V | null> {
    const before = this.invalidations;
    const loaded = load()
      .then((value) => {
        if (value && before === this.invalidations && !this.bypassed) this.keep(key, value);
        return value;
      })
      .finally(() => {
        if (this.loading.get(key) === loaded) this.loading.delete(key);
      });
    this.loading.set(key, loaded);
    return loaded;
  }

  private keep(key: string, value: V): void {
    this.entries.set(key, value);
    for (const tag of this.options.tags(key, value)) {
      const keys = this.keysByTag.get(tag) ?? new Set();
      this.keysByTag.set(tag, keys.add(key));
    }
  }

  private forgetTags(key: string, value: V): void {
    for (const tag of this.options.tags(key, value)) {
      const keys = this.keysByTag.get(tag);
      if (keys?.delete(key) && keys.size === 0) this.keysByTag.delete(tag);
    }
  }
}

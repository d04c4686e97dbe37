import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';

import { Database } from '../database/database.js';
import { DatabaseConnection } from '../database/database.module.js';
import { Listener } from '../database/listener.js';
import { Metrics } from '../telemetry/metrics.js';
import { KeptCurrent } from './kept-current.js';
import { TaggedCache, type TaggedCacheOptions } from './tagged-cache.js';

const channel = 'gatehouse_invalidate';
/** A notification holds less than 8000 bytes (PostgreSQL, NOTIFY); a tag takes 50. */
const tagsPerNotification = 100;

/**
 * Makes caches and keeps them true on every instance: `invalidate()` inside a transaction drops
 * the tag here after commit, and elsewhere by a notification that PostgreSQL delivers with the
 * commit itself. While notifications cannot be heard, nothing is cached.
 */
@Injectable()
export class Caches implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly caches: TaggedCache<object>[] = [];
  private readonly kept: { tag: string; copy: KeptCurrent }[] = [];
  private readonly listener: Listener;
  private readonly logger = new Logger('Caches');

  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    connection: DatabaseConnection,
  ) {
    this.listener = new Listener(connection.url, channel, {
      notified: (payload) => this.heard(payload),
      connected: () => this.setBypassed(false),
      disconnected: () => this.setBypassed(true),
    });
  }

  onApplicationBootstrap(): void {
    this.listener.start();
  }

  onApplicationShutdown(): Promise<void> {
    for (const { copy } of this.kept) copy.stop();
    return this.listener.stop();
  }

  /** Whether invalidations of other instances arrive. */
  get hearing(): boolean {
    return this.listener.connected;
  }

  create<V extends object>(options: TaggedCacheOptions<V>): TaggedCache<V> {
    const cache = new TaggedCache(options, this.metrics);
    cache.bypassed = !this.listener.connected;
    this.caches.push(cache as unknown as TaggedCache<object>);
    return cache;
  }

  /**
   * Calls `load` now, and again whenever the tag is invalidated on any instance or that may have
   * been missed: for what must be at hand without waiting.
   */
  async keepCurrent(tag: string, load: () => Promise<void>): Promise<KeptCurrent> {
    const copy = new KeptCurrent({
      load,
      hearing: () => this.hearing,
      failed: (error) => this.logger.warn({ err: error, tag }, 'Not current: it could not be read'),
    });
    this.kept.push({ tag, copy });
    await copy.start();
    return copy;
  }

  /** Drops the tag everywhere once the running transaction has committed. */
  async invalidate(...tags: string[]): Promise<void> {
    for (let from = 0; from < tags.length; from += tagsPerNotification) {
      const payload = JSON.stringify(tags.slice(from, from + tagsPerNotification));
      await this.database.rows('SELECT pg_notify($1, $2)', [channel, payload]);
    }
    this.database.afterCommit(() => this.drop(tags));
  }

  /**
   * Drops the tag on this instance only, after commit: for changes so frequent and so harmless
   * that other instances may see them when the entry's time is over.
   */
  invalidateHere(tag: string): void {
    this.database.afterCommit(() => this.drop([tag]));
  }

  /** Empties all caches of this instance. */
  clear(): void {
    for (const cache of this.caches) cache.clear();
    for (const { copy } of this.kept) void copy.refresh();
  }

  /**
   * Also what this instance sent: when the answer to COMMIT is lost on the way, only the
   * notification tells that it happened. Anybody who may connect can notify: what is not ours
   * clears everything.
   */
  private heard(payload: string): void {
    const tags = tagsOf(payload);
    if (tags) this.drop(tags);
    else this.clear();
  }

  private drop(tags: readonly string[]): void {
    for (const cache of this.caches) for (const tag of tags) cache.invalidate(tag);
    for (const { tag, copy } of this.kept) if (tags.includes(tag)) void copy.refresh();
  }

  private setBypassed(bypassed: boolean): void {
    if (bypassed) this.logger.warn('Invalidations of other instances cannot be heard: not caching');
    for (const cache of this.caches) {
      cache.bypassed = bypassed;
      cache.clear();
    }
    if (!bypassed) for (const { copy } of this.kept) void copy.refresh();
  }
}

function tagsOf(payload: string): string[] | null {
  try {
    const tags: unknown = JSON.parse(payload);
    return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : null;
  } catch {
    return null;
  }
}

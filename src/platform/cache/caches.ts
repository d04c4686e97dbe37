import { randomUUID } from 'node:crypto';

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
import { TaggedCache, type TaggedCacheOptions } from './tagged-cache.js';

const channel = 'gatehouse_invalidate';

/**
 * Makes caches and keeps them true on every instance: `invalidate()` inside a transaction drops
 * the tag here after commit, and elsewhere by a notification that PostgreSQL delivers with the
 * commit itself. While notifications cannot be heard, nothing is cached.
 */
@Injectable()
export class Caches implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly instanceId = randomUUID();
  private readonly caches: TaggedCache<object>[] = [];
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

  /** Drops the tag everywhere once the running transaction has committed. */
  async invalidate(...tags: string[]): Promise<void> {
    const payload = JSON.stringify({ from: this.instanceId, tags });
    await this.database.rows('SELECT pg_notify($1, $2)', [channel, payload]);
    this.database.afterCommit(() => this.drop(tags));
  }

  /**
   * Drops the tag on this instance only, after commit: for changes so frequent and so harmless
   * that other instances may see them when the entry's time is over.
   */
  invalidateHere(tag: string): void {
    this.database.afterCommit(() => this.drop([tag]));
  }

  private heard(payload: string): void {
    const { from, tags } = JSON.parse(payload) as { from: string; tags: string[] };
    if (from !== this.instanceId) this.drop(tags);
  }

  private drop(tags: readonly string[]): void {
    for (const cache of this.caches) for (const tag of tags) cache.invalidate(tag);
  }

  private setBypassed(bypassed: boolean): void {
    if (bypassed) this.logger.warn('Invalidations of other instances cannot be heard: not caching');
    for (const cache of this.caches) {
      cache.bypassed = bypassed;
      cache.clear();
    }
  }
}

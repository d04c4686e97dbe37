import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';

import { Caches, type KeptCurrent } from '../../platform/cache/index.js';
import { runAs } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { lastWrite } from '../../platform/http/drain.js';
import { Queue } from '../../platform/queue/index.js';
import { Blocks, type Imposed } from '../../platform/throttling/blocks.js';
import { AuditService } from '../audit/index.js';
import { subjectText } from './block.subject.js';
import { BlocksRepository } from './blocks.repository.js';

const tag = 'blocks';
/** Between two times of writing down. The first block does not wait. Milliseconds. */
const apartMs = 500;
const restMs = 2_000;
/** Kept while the database is away; further ones hold on this instance only. */
const mostPending = 10_000;
/** Of those written down at once so many are told one by one: an attack must not fill the trail. */
const toldEach = 5;
const batch = 1_000;

/**
 * Keeps blocks: writes down those of this instance, and takes over those of others and of before the
 * start, in memory. A block holds on the instance that imposed it at once.
 */
@Injectable()
export class BlockKeeper
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly logger = new Logger('Blocks');
  private pending: Imposed[] = [];
  private timer?: NodeJS.Timeout;
  private notBefore = 0;
  private writing: Promise<void> = Promise.resolve();
  private since: string | null = null;
  private current?: KeptCurrent;

  constructor(
    private readonly blocks: Blocks,
    private readonly repository: BlocksRepository,
    private readonly database: Database,
    private readonly caches: Caches,
    private readonly audit: AuditService,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('blocks.clean_up', () => this.cleanUp());
    this.blocks.onImposed((imposed) => this.add(imposed));
  }

  async onApplicationBootstrap(): Promise<void> {
    this.current = await this.caches.keepCurrent(tag, () => this.load());
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    await lastWrite(this.writing.then(() => this.write()));
  }

  /** Tells all instances that blocks changed, with the running transaction. */
  changed(): Promise<void> {
    return this.caches.invalidate(tag);
  }

  /** Done when this instance knows what is written down. */
  async refresh(): Promise<void> {
    await this.current?.refresh();
  }

  private add(imposed: Imposed): void {
    if (this.pending.length < mostPending) this.pending.push(imposed);
    this.schedule();
  }

  private schedule(): void {
    if (this.timer || this.pending.length === 0) return;
    const wait = Math.max(0, this.notBefore - performance.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.notBefore = performance.now() + apartMs;
      this.writing = this.write().finally(() => this.schedule());
    }, wait).unref();
  }

  private async write(): Promise<void> {
    const imposed = this.pending;
    if (imposed.length === 0) return;
    this.pending = [];
    try {
      // Not in the name of the request that happened to be the last.
      await runAs('system', 'blocks', () =>
        this.database.transaction(() => this.writeDown(imposed)),
      );
    } catch (error) {
      this.notBefore = performance.now() + restMs;
      this.pending = [...imposed, ...this.pending].slice(0, mostPending);
      this.logger.warn({ err: error }, 'Blocks were not written down yet');
    }
  }

  private async writeDown(imposed: readonly Imposed[]): Promise<void> {
    const blocks = await this.repository.impose(imposed);
    const told = blocks.slice(0, toldEach).map((block) => {
      const { policy, times, seconds } = block;
      const target = { kind: 'block' as const, id: subjectText(block) };
      return { payload: { policy, times, seconds }, target };
    });
    await this.audit.recordAll('limits.blocked', told);
    const more = blocks.length - told.length;
    if (more > 0) await this.audit.record('limits.many_blocked', { blocks: more });
    if (blocks.length > 0) await this.changed();
  }

  private async load(): Promise<void> {
    const blocks = await this.repository.known(this.since);
    this.since = blocks[0]?.changedAt ?? this.since;
    this.blocks.learn(blocks);
  }

  private async cleanUp(): Promise<void> {
    while ((await this.repository.deleteForgotten(batch)) === batch);
  }
}

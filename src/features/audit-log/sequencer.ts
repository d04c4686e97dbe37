import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';

import { ProcessConfig } from '../../platform/config/index.js';
import { Database } from '../../platform/database/index.js';
import { Queue } from '../../platform/queue/index.js';
import { Metrics } from '../../platform/telemetry/metrics.js';
import {
  emptyRoot,
  MissingTileError,
  NoteError,
  openCheckpoint,
  rootAt,
  signCheckpoint,
  TreeBuilder,
  type TreeHead,
} from '../../platform/transparency-log/index.js';
import { timeOf } from '../audit/index.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { LogKey } from './log-key.service.js';

const everyMs = 1_000;
const batchSize = 10_000;

/** What is stored is not the log that was signed. Nothing is added to it until somebody looks. */
export class BrokenLogError extends Error {}

/**
 * Gives committed events their place in the log: once a second, on one instance at a time, in
 * batches. Those who write events wait neither for it nor for each other.
 */
@Injectable()
export class Sequencer implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('AuditLog');
  private timer?: NodeJS.Timeout;
  private running?: Promise<unknown>;
  private stopped = false;
  /** The largest tree this process has seen: it can grow, and it cannot shrink. */
  private largest: TreeHead = { size: 0, root: emptyRoot };
  /** Heads from elsewhere that the log must extend, until it has been seen to. */
  private readonly anchors: TreeHead[] = [];
  private halted: string | null = null;
  /** What is wrong with the log; null when it was fine at the last look. */
  private fault: string | null = null;

  constructor(
    private readonly repository: AuditLogRepository,
    private readonly database: Database,
    private readonly key: LogKey,
    private readonly metrics: Metrics,
    private readonly queue: Queue,
    private readonly process: ProcessConfig,
  ) {}

  onModuleInit(): void {
    this.queue.handle('audit.add_months', () => this.repository.addMonths());
  }

  onApplicationBootstrap(): void {
    if (this.process.roles.includes('worker')) this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /**
   * Sequences all that waits.
   * @returns how many events got their place; none while another instance is at it
   * @throws BrokenLogError when the log in the database is not the one that was signed
   */
  async run(): Promise<number> {
    let total = 0;
    for (;;) {
      const added = await this.database.transaction(() => this.addBatch());
      total += added;
      if (added < batchSize) return total;
    }
  }

  /** The log must go on from this head, which was kept elsewhere: looked at before it is extended. */
  mustExtend(head: TreeHead): void {
    this.anchors.push(head);
  }

  /** What is known of the log elsewhere contradicts it: nothing is added until somebody looks. */
  halt(reason: string): void {
    this.halted = reason;
  }

  /** Looks whether the log is the one that was signed, without extending it. */
  async check(): Promise<void> {
    await this.database
      .transaction(() => this.resume())
      .catch((error: Error) => this.failed(error));
  }

  get broken(): string | null {
    return this.fault;
  }

  private async addBatch(): Promise<number> {
    if (!(await this.repository.tryLock())) return 0;
    const pending = await this.repository.takePending(batchSize);
    if (pending.length === 0) return 0;
    pending.sort((one, other) => (one.eventId < other.eventId ? -1 : 1)); // by time
    const builder = await this.resume();
    await this.repository.addEntries(builder.size, pending);
    for (const { leafHash } of pending) builder.append(leafHash);
    await this.repository.saveTiles(builder.takeChanged());
    const head = { size: builder.size, root: builder.root() };
    const note = signCheckpoint({ origin: this.key.signer.name, ...head }, this.key.signer);
    await this.repository.addCheckpoint(head.size, head.root, note);
    this.database.afterCommit(() => this.grown(head));
    return pending.length;
  }

  /** What has been signed before must be what is stored, or signing more would cover it up. */
  private async resume(): Promise<TreeBuilder> {
    if (this.halted !== null) throw new BrokenLogError(this.halted);
    const note = await this.repository.newestCheckpoint();
    const head = note ? openCheckpoint(note, this.key.verifier) : { size: 0, root: emptyRoot };
    if (head.size < this.largest.size) {
      throw new BrokenLogError(`the log had ${this.largest.size} entries and has ${head.size}`);
    }
    const builder = await TreeBuilder.resume(head.size, this.repository.readTiles);
    if (!builder.root().equals(head.root)) {
      throw new BrokenLogError(`the tiles do not lead to the checkpoint of size ${head.size}`);
    }
    await this.checkAnchors(head.size);
    this.fault = null;
    return builder;
  }

  private async checkAnchors(size: number): Promise<void> {
    for (let anchor = this.anchors.at(-1); anchor; anchor = this.anchors.at(-1)) {
      if (size < anchor.size) {
        throw new BrokenLogError(`the log had ${anchor.size} entries elsewhere and has ${size}`);
      }
      const root = await rootAt(anchor.size, this.repository.readTiles);
      if (!root.equals(anchor.root)) {
        throw new BrokenLogError(`its first ${anchor.size} entries are not those kept elsewhere`);
      }
      this.anchors.pop();
    }
  }

  private grown(head: TreeHead): void {
    this.largest = head;
    this.metrics.gauge('audit_log_entries').set(head.size);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.running = this.tick().finally(() => {
        if (!this.stopped) this.schedule();
      });
    }, everyMs).unref();
  }

  private async tick(): Promise<void> {
    try {
      const { events, oldest } = await this.repository.pending();
      this.metrics.gauge('audit_log_lag_seconds').set(oldest ? ageSeconds(oldest) : 0);
      if (events > 0) await this.run();
    } catch (error) {
      this.failed(error as Error);
    }
  }

  private failed(error: Error): void {
    const kinds = [BrokenLogError, MissingTileError, NoteError];
    if (kinds.some((kind) => error instanceof kind)) this.fault = error.message;
    this.metrics.counter('audit_log_failures_total').inc();
    this.logger.error({ err: error }, 'The audit log could not be extended');
  }
}

/** Since an event was made. */
function ageSeconds(id: string): number {
  return Math.max(0, (Date.now() - timeOf(id).getTime()) / 1000);
}

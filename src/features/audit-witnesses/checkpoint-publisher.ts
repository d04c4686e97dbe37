import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';

import { AuditConfig, ProcessConfig } from '../../platform/config/index.js';
import {
  consistencyProof,
  NoteError,
  openCheckpoint,
} from '../../platform/transparency-log/index.js';
import { AuditLogRepository, LogKey, Sequencer } from '../audit-log/index.js';
import { HealthService } from '../health/index.js';
import { CheckpointFile } from './checkpoint-file.js';
import type { Submission } from './witness.js';
import { Witnesses } from './witnesses.js';

/**
 * Checkpoints leave the database, so that whoever makes the log anew is contradicted from outside:
 * by a file, and by witnesses.
 */
@Injectable()
export class CheckpointPublisher
  implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  private readonly logger = new Logger('AuditLog');
  private readonly file: CheckpointFile | null;
  private readonly everyMs: number;
  private timer?: NodeJS.Timeout;
  private running?: Promise<void>;
  private stopped = false;

  constructor(
    private readonly log: AuditLogRepository,
    private readonly key: LogKey,
    private readonly sequencer: Sequencer,
    private readonly witnesses: Witnesses,
    private readonly process: ProcessConfig,
    settings: AuditConfig,
    health: HealthService,
  ) {
    this.file = settings.checkpointFile ? new CheckpointFile(settings.checkpointFile) : null;
    this.everyMs = settings.publishSeconds * 1_000;
    health.watch('audit-log', () => !this.fault);
  }

  /** What is wrong with the log, as far as anybody here or elsewhere has found out. */
  get fault(): string | null {
    return this.sequencer.broken ?? this.witnesses.alarm;
  }

  /** The log must be the one that the file speaks of, or it is not extended. */
  async onModuleInit(): Promise<void> {
    if (!this.file) return;
    try {
      const head = await this.file.newest(this.key.verifier);
      if (head) this.sequencer.mustExtend(head);
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      this.sequencer.halt(error.message);
    }
    await this.sequencer.check();
  }

  onApplicationBootstrap(): void {
    const works = this.process.roles.includes('worker');
    if (works && (this.file || this.witnesses.any)) this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Gives the newest checkpoint to the file and to the witnesses, where they do not have it. */
  async publish(): Promise<void> {
    const note = await this.log.newestCheckpoint();
    if (note === null || this.sequencer.broken) return;
    const checkpoint = openCheckpoint(note, this.key.verifier);
    const proofFrom: Submission['proofFrom'] = (old) =>
      consistencyProof(old, checkpoint.size, this.log.readTiles);
    await Promise.all([
      this.file?.append(checkpoint.size, note),
      this.witnesses.submit({ checkpoint, note, proofFrom }),
    ]);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.running = this.publish()
        .catch((error: Error) => {
          this.logger.error({ err: error }, 'A checkpoint could not be published');
        })
        .finally(() => {
          if (!this.stopped) this.schedule();
        });
    }, this.everyMs).unref();
  }
}

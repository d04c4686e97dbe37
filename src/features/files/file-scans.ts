import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { FileStorage } from '../../platform/file-storage/index.js';
import { Queue } from '../../platform/queue/index.js';
import { ScannerError, VirusScanner } from '../../platform/virus-scanner/index.js';
import { AuditService } from '../audit/index.js';
import { FileRemovals } from './file-removals.js';
import { type File, FilesRepository } from './files.repository.js';

/**
 * Quarantine: a file that waits for its scan is served to nobody, for as long as the scanner is
 * away; the queue asks again with growing pauses.
 */
@Injectable()
export class FileScans implements OnModuleInit {
  private readonly logger = new Logger('Files');

  constructor(
    private readonly database: Database,
    private readonly files: FilesRepository,
    private readonly storage: FileStorage,
    private readonly scanner: VirusScanner,
    private readonly removals: FileRemovals,
    private readonly audit: AuditService,
    private readonly queue: Queue,
  ) {}

  onModuleInit(): void {
    this.queue.handle('files.scan', ({ fileId }) => this.scan(fileId));
  }

  /** What a new file begins with. */
  get firstStatus(): 'scanning' | 'clean' {
    return this.scanner.configured ? 'scanning' : 'clean';
  }

  /** In the running transaction. */
  async ask(fileId: string): Promise<void> {
    await this.queue.add('files.scan', { fileId }, { jobKey: `files.scan:${fileId}` });
  }

  /** @throws ScannerError, and what storage and database throw: then it is tried again */
  private async scan(fileId: string): Promise<void> {
    const file = await this.files.awaitingScan(fileId);
    if (!file) return; // deleted, or judged by a try before
    if (!this.scanner.configured) throw new ScannerError('CLAMAV_URL is not set any more');
    const { id, size, sealedKey, sha256 } = file;
    const content = await this.storage.open({ id, size, sealedKey: sealedKey! });
    const verdict = await this.scanner.scan(content).finally(() => content.destroy());
    if (verdict.clean) return this.files.pass(id);
    this.logger.warn({ fileId, signature: verdict.signature }, 'An uploaded file is infected');
    await this.condemn(file, { sha256: sha256!.toString('hex'), signature: verdict.signature });
  }

  private async condemn(
    { id, ownerId }: File,
    finding: { sha256: string; signature: string },
  ): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.files.condemn(id))) return;
      await this.audit.record(
        'files.infected',
        { ownerId, ...finding },
        { target: { kind: 'file', id }, outcome: 'failure' },
      );
      this.database.afterCommit(() => void this.removals.remove(id));
    });
  }
}

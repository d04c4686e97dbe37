import type { IncomingMessage } from 'node:http';

import { Injectable } from '@nestjs/common';

import { currentPrincipal } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { FileStorage } from '../../platform/file-storage/index.js';
import { Metrics } from '../../platform/telemetry/metrics.js';
import { AuditService } from '../audit/index.js';
import { FileScans } from './file-scans.js';
import { FileView } from './file.view.js';
import { FilesRepository } from './files.repository.js';
import { type Upload, UploadReception } from './upload-reception.js';

/** Makes files out of uploads. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly reception: UploadReception,
    private readonly database: Database,
    private readonly files: FilesRepository,
    private readonly storage: FileStorage,
    private readonly scans: FileScans,
    private readonly audit: AuditService,
    private readonly metrics: Metrics,
  ) {}

  /** @throws AppError as the route documents */
  async receive(request: IncomingMessage): Promise<FileView> {
    const { userId } = currentPrincipal();
    try {
      const view = await this.register(await this.reception.take(request, userId));
      this.count('kept');
      return view;
    } catch (error) {
      this.count(outcomeOf(error));
      throw error;
    }
  }

  /** Content first, entry second: a file that is listed can be opened. */
  private async register({ id, file, sha256 }: Upload): Promise<FileView> {
    try {
      const stored = await this.storage.keep(file);
      const status = this.scans.firstStatus;
      return await this.database.transaction(async () => {
        const entry = await this.files.finish(stored, sha256, status);
        if (!entry) throw new AppError('resource.conflict'); // its owner has been erased
        const { type, size } = entry;
        const facts = { type, size, sha256: sha256.toString('hex') };
        await this.audit.record('files.uploaded', facts, { target: { kind: 'file', id } });
        if (status === 'scanning') await this.scans.ask(id);
        return FileView.of(entry);
      });
    } catch (error) {
      await this.reception.drop(id);
      throw error;
    } finally {
      await file.discard();
    }
  }

  private count(outcome: string): void {
    this.metrics.counter('files_uploaded_total').inc({ outcome });
  }
}

function outcomeOf(error: unknown): string {
  if (!(error instanceof AppError)) return 'failed';
  const { status } = error.definition;
  if (error.code.startsWith('http.')) return 'broken_off';
  return status < 500 ? 'refused' : 'failed';
}

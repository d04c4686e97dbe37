import { Injectable } from '@nestjs/common';

import { currentPrincipal } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { FileStorage } from '../../platform/file-storage/index.js';
import { AuditService } from '../audit/index.js';
import { FileDownload } from './file-download.js';
import { FileRemovals } from './file-removals.js';
import { FileListView, FileView } from './file.view.js';
import type { ListFiles } from './files.dto.js';
import { type File, FilesRepository } from './files.repository.js';

const defaultPageSize = 20;

/** What users do with files they have uploaded. Those of others do not exist for them. */
@Injectable()
export class FilesService {
  constructor(
    private readonly database: Database,
    private readonly files: FilesRepository,
    private readonly storage: FileStorage,
    private readonly removals: FileRemovals,
    private readonly audit: AuditService,
  ) {}

  async listOwn({ cursor, limit = defaultPageSize }: ListFiles): Promise<FileListView> {
    const { userId } = currentPrincipal();
    const found = await this.files.page(userId, cursor, limit + 1);
    const page = found.slice(0, limit);
    return {
      items: page.map(FileView.of),
      nextCursor: found.length > limit ? page.at(-1)!.id : null,
    };
  }

  /** @throws AppError `files.not_found` */
  async describe(id: string): Promise<FileView> {
    return FileView.of(await this.own(id));
  }

  /** @throws AppError `files.not_found`, `files.scanning`, `files.infected`, `storage.unavailable` */
  async download(id: string): Promise<FileDownload> {
    const file = await this.own(id);
    const { status, size, sealedKey } = file;
    if (status === 'infected') throw new AppError('files.infected');
    if (status !== 'clean' || !sealedKey) throw new AppError('files.scanning');
    return FileDownload.of(file, await this.storage.open({ id, size, sealedKey }));
  }

  /** @throws AppError `files.not_found` */
  async delete(id: string): Promise<void> {
    const { userId } = currentPrincipal();
    await this.database.transaction(async () => {
      if (!(await this.files.delete(id, userId))) throw new AppError('files.not_found');
      await this.audit.record('files.deleted', {}, { target: { kind: 'file', id } });
      this.database.afterCommit(() => void this.removals.remove(id));
    });
  }

  private async own(id: string): Promise<File> {
    const file = await this.files.find(id, currentPrincipal().userId);
    if (!file) throw new AppError('files.not_found');
    return file;
  }
}

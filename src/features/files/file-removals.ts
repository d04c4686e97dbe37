import { Injectable, Logger } from '@nestjs/common';

import { FileStorage } from '../../platform/file-storage/index.js';
import { FilesRepository } from './files.repository.js';

/** Removes the content of files that are no more. The note of it goes last: it may be done twice. */
@Injectable()
export class FileRemovals {
  private readonly logger = new Logger('Files');

  constructor(
    private readonly files: FilesRepository,
    private readonly storage: FileStorage,
  ) {}

  /** Never fails: what stays is removed by the daily clean-up. */
  async remove(id: string): Promise<boolean> {
    try {
      await this.storage.remove(id);
      await this.files.forgetRemoval(id);
      return true;
    } catch (error) {
      this.logger.warn({ err: error, fileId: id }, 'The content of a file was not removed yet');
      return false;
    }
  }
}

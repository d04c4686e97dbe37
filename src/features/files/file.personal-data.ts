import { Injectable } from '@nestjs/common';

import { ProcessConfig } from '../../platform/config/index.js';
import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { FileView } from './file.view.js';
import { FilesRepository } from './files.repository.js';

const pageSize = 100;

/** The entries of all files, with the address of the content; erased with the account. */
@Injectable()
@HoldsPersonalData({ section: 'files', tables: ['files'] })
export class FilePersonalData implements PersonalDataHolder {
  constructor(
    private readonly files: FilesRepository,
    private readonly installation: ProcessConfig,
  ) {}

  async *personalDataOf(userId: string): AsyncGenerator<object[]> {
    const { publicUrl } = this.installation;
    let last: string | undefined;
    do {
      const page = await this.files.page(userId, last, pageSize);
      yield page.map((file) => ({
        ...FileView.of(file),
        content: `${publicUrl}/api/v1/files/${file.id}`,
      }));
      last = page.length === pageSize ? page.at(-1)!.id : undefined;
    } while (last !== undefined);
  }
}

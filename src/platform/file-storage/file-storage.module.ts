import { join, resolve } from 'node:path';

import { Global, Module } from '@nestjs/common';

import { ProcessConfig } from '../config/index.js';
import { DiskStore } from './disk-store.js';
import { FileStorage } from './file-storage.js';
import { FILE_STORE, type FileStore } from './file-store.js';

/** Global, because any feature may have files. */
@Global()
@Module({
  providers: [
    FileStorage,
    {
      provide: FILE_STORE,
      inject: [ProcessConfig],
      useFactory: ({ dataDir }: ProcessConfig): FileStore =>
        new DiskStore(join(resolve(dataDir), 'files', 'kept')),
    },
  ],
  exports: [FileStorage],
})
export class FileStorageModule {}

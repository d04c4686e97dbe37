import { join, resolve } from 'node:path';

import { Global, Module } from '@nestjs/common';

import { ConfigError, FilesConfig, ProcessConfig } from '../config/index.js';
import { Outgoing } from '../outgoing/index.js';
import { DiskStore } from './disk-store.js';
import { FileStorage } from './file-storage.js';
import { FILE_STORE, type FileStore } from './file-store.js';
import { S3Store } from './s3-store.js';

/** Global, because any feature may have files. */
@Global()
@Module({
  providers: [
    FileStorage,
    {
      provide: FILE_STORE,
      inject: [ProcessConfig, FilesConfig, Outgoing],
      useFactory: chooseStore,
    },
  ],
  exports: [FileStorage],
})
export class FileStorageModule {}

/** @throws ConfigError */
export function chooseStore(
  { dataDir }: ProcessConfig,
  files: FilesConfig,
  outgoing: Outgoing,
): FileStore {
  const { bucket: url, bucketRegion: region, bucketKeyId: keyId, bucketSecret: secret } = files;
  if (!url) return new DiskStore(join(resolve(dataDir), 'files', 'kept'));
  if (keyId && secret) return new S3Store({ url, region, keyId, secret }, outgoing);
  throw new ConfigError([
    'FILES_S3_URL needs FILES_S3_ACCESS_KEY_ID and FILES_S3_SECRET_ACCESS_KEY beside it',
  ]);
}

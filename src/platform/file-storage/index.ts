export { FileStorage, type StoredFile } from './file-storage.js';
export { FileStorageModule } from './file-storage.module.js';
export type { ReceivedFile } from './received-file.js';

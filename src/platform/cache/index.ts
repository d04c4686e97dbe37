export { CacheModule } from './cache.module.js';
export { Caches } from './caches.js';
export type { KeptCurrent } from './kept-current.js';
export { TaggedCache } from './tagged-cache.js';

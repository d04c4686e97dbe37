export { CacheModule } from './cache.module.js';
export { Caches } from './caches.js';
export { TaggedCache } from './tagged-cache.js';

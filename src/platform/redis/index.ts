export type { RedisReply } from './connection.js';
export { RedisModule } from './redis.module.js';
export { Redis, type RedisScript, redisScript } from './redis.js';

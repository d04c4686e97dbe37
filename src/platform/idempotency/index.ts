export { Idempotency } from './idempotency.js';
export { IdempotencyModule } from './idempotency.module.js';
export { idempotencyMetadata, type IdempotencyRule } from './idempotency.interceptor.js';
export { idempotencyHeader } from './idempotency-key.js';
export { Idempotent } from './idempotent.decorator.js';

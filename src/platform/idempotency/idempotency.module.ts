import { Global, Module } from '@nestjs/common';

import { Idempotency } from './idempotency.js';
import { IdempotencyPersonalData } from './idempotency.personal-data.js';
import { IdempotencyRepository } from './idempotency.repository.js';

/** Global, because any route may be one that is repeated. */
@Global()
@Module({
  providers: [Idempotency, IdempotencyRepository, IdempotencyPersonalData],
  exports: [Idempotency],
})
export class IdempotencyModule {}

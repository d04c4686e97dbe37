import { Global, Module } from '@nestjs/common';

import { Queue } from './queue.js';
import { QueueRepository } from './queue.repository.js';
import { QueueRunner } from './queue-runner.js';

/** Global, because any feature may have work for later. */
@Global()
@Module({ providers: [Queue, QueueRepository, QueueRunner], exports: [Queue] })
export class QueueModule {}

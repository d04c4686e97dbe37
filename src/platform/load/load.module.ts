import { Global, Module } from '@nestjs/common';

import { EventLoop } from './event-loop.js';
import { Overload } from './overload.js';

/** Global: whatever has a queue asks how to refuse. */
@Global()
@Module({ providers: [EventLoop, Overload], exports: [EventLoop, Overload] })
export class LoadModule {}

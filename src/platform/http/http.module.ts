import { Global, Module } from '@nestjs/common';

import { AllowedMethods } from './allowed-methods.js';
import { Drain } from './drain.js';

@Global()
@Module({ providers: [AllowedMethods, Drain], exports: [AllowedMethods, Drain] })
export class HttpModule {}

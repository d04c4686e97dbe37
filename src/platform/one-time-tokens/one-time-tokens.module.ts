import { Global, Module } from '@nestjs/common';

import { OneTimeTokens } from './one-time-tokens.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

/** Global, because any feature may send a link that works once. */
@Global()
@Module({ providers: [OneTimeTokens, OneTimeTokensRepository], exports: [OneTimeTokens] })
export class OneTimeTokensModule {}

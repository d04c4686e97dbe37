import { Global, Module } from '@nestjs/common';

import { CsrfTokenController } from './csrf-token.controller.js';
import { CsrfTokens } from './csrf-tokens.js';

/** Global, because any feature may have a route that gives tokens. */
@Global()
@Module({ controllers: [CsrfTokenController], providers: [CsrfTokens], exports: [CsrfTokens] })
export class BrowserModule {}

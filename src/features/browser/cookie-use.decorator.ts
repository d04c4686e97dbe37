import { applyDecorators, SetMetadata, UseInterceptors } from '@nestjs/common';

import { type CookieUse, cookieUseMetadata } from './cookie-use.js';
import { CredentialModeInterceptor } from './credential-mode.interceptor.js';

/** For routes that answer with tokens: `mode: "cookie"` in the body turns them into cookies. */
export const IssuesCredentials = (): MethodDecorator => uses('issue');
/** Issues, too, and takes the refresh token from its cookie when the body has none. */
export const ExchangesCredentials = (): MethodDecorator => uses('exchange');
/** Signs out: a caller who came with cookies loses them. */
export const DropsCredentials = (): MethodDecorator => uses('drop');

function uses(use: CookieUse): MethodDecorator {
  return applyDecorators(
    SetMetadata(cookieUseMetadata, use),
    UseInterceptors(CredentialModeInterceptor),
  );
}

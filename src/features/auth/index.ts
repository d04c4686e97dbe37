export { Attempt } from './attempts.interceptor.js';
export { AuthModule } from './auth.module.js';
export { BearerStrategy } from './bearer.strategy.js';
export { PrincipalsService } from './principals.service.js';
export { PasswordCheckService, type ProvenPassword } from './password-check.service.js';
export { CookieStrategy } from './cookie.strategy.js';
export { TokensView } from './tokens.view.js';

export { AccessTokensService, type IssuedToken } from './access-tokens.service.js';
export { TokensModule } from './tokens.module.js';

export { AccessTokensService, type IssuedToken } from './access-tokens.service.js';
export { KeyRotationService } from './key-rotation.service.js';
export { TokensModule } from './tokens.module.js';

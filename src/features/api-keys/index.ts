export { ApiKeyStrategy } from './api-key.strategy.js';
export { ApiKeyCallersService } from './api-key-callers.service.js';
export { ApiKeysModule } from './api-keys.module.js';
export { ApiKeysService } from './api-keys.service.js';

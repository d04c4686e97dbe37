export { CryptoModule } from './crypto.module.js';
export { open, seal } from './envelope.js';
export { KeyRing } from './key-ring.js';
export { loadMasterKey, MasterKey, MasterKeyError } from './master-key.js';
export { randomToken, tokenHash } from './tokens.js';

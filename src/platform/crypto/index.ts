export { CryptoModule } from './crypto.module.js';
export { open, seal } from './envelope.js';
export { KeyRing } from './key-ring.js';
export { loadMasterKey, MasterKey, MasterKeyError } from './master-key.js';
export { Passphrase, passphraseIterations } from './passphrase.js';
export { randomToken, tokenHash } from './tokens.js';

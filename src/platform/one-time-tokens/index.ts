export { OneTimeTokens, type Spent } from './one-time-tokens.js';
export { OneTimeTokensModule } from './one-time-tokens.module.js';

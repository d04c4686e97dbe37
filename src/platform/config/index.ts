export {
  Concern,
  decimal,
  integer,
  list,
  oneOf,
  optionalText,
  optionalUrl,
  text,
  url,
} from './concern.js';
export type { WitnessSetting } from './audit-settings.js';
export * from './concerns.js';
export { ConfigModule } from './config.module.js';
export {
  Config,
  ConfigError,
  type Environment,
  loadConfig,
  parseMasterKey,
  shortestPassphrase,
} from './load-config.js';

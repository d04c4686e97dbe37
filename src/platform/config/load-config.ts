import type { ConcernClass, Surroundings, Variable } from './concern.js';
import {
  AccountsConfig,
  concerns,
  HttpsConfig,
  PerimeterConfig,
  ProcessConfig,
  RedisConfig,
  SecretsConfig,
  TokensConfig,
} from './concerns.js';

/** Characters. Whoever has the database may try as many as they like. */
export const shortestPassphrase = 20;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment is not usable; `lines` has one line for each wrong variable, without values. */
export class ConfigError extends Error {
  constructor(readonly lines: readonly string[]) {
    super(`The configuration is not valid:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
}

/** The validated settings: one instance per concern class. */
export class Config {
  private readonly byClass = new Map<unknown, object>();

  set(concern: ConcernClass, values: object): void {
    this.byClass.set(concern, values);
  }

  get<T extends object>(concern: new (values: never) => T): T {
    return this.byClass.get(concern) as T;
  }

  get production(): boolean {
    return this.get(ProcessConfig).environment === 'production';
  }
}

/** Reads every declared variable. Throws {@link ConfigError} that names all wrong ones at once. */
export function loadConfig(environment: Environment): Config {
  const surroundings = {
    production: environment['NODE_ENV'] === 'production',
    port: environment['PORT'] || '3000',
  };
  const problems: string[] = [];
  const config = new Config();
  for (const concern of concerns) {
    const values: Record<string, unknown> = {};
    for (const [field, variable] of Object.entries(concern.variables)) {
      values[field] = readVariable(variable, environment, surroundings, problems);
    }
    config.set(concern, new concern(values as never));
  }
  if (problems.length === 0) problems.push(...rulesAcrossVariables(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readVariable(
  variable: Variable<unknown>,
  environment: Environment,
  surroundings: Surroundings,
  problems: string[],
): unknown {
  const value = environment[variable.name];
  if (value === undefined || value === '') {
    if (variable.requiredInProduction && surroundings.production) {
      problems.push(`${variable.name} is required in production`);
    }
    const fallback = variable.default;
    return typeof fallback === 'function' ? fallback(surroundings) : fallback;
  }
  try {
    return variable.parse(value);
  } catch (error) {
    problems.push(`${variable.name} ${(error as Error).message}`);
    return undefined;
  }
}

function rulesAcrossVariables(config: Config): string[] {
  const problems: string[] = [];
  const { masterKey } = config.get(SecretsConfig);
  const { adminEmail, adminPassword, breachedPasswordsUrl } = config.get(AccountsConfig);
  const { accessTokenSeconds, sessionIdleSeconds, sessionSeconds } = config.get(TokensConfig);
  const { metricsToken, corsOrigins } = config.get(PerimeterConfig);
  const { url: redisUrl } = config.get(RedisConfig);
  problems.push(...secretsProblems(config));
  if (masterKey) problems.push(...masterKeyProblems(masterKey));
  if (Boolean(adminEmail) !== Boolean(adminPassword)) {
    problems.push('ADMIN_EMAIL and ADMIN_PASSWORD are set together or not at all');
  }
  if (metricsToken && metricsToken.length < 32) {
    problems.push('METRICS_TOKEN must have 32 characters or more');
  }
  problems.push(...httpsProblems(config));
  if (!/^(\/\d+)?$/.test(redisUrl ? new URL(redisUrl).pathname : '')) {
    problems.push('REDIS_URL must end with the port, or with / and the number of a database');
  }
  if (sessionIdleSeconds <= accessTokenSeconds) {
    problems.push('SESSION_IDLE_SECONDS must be more than ACCESS_TOKEN_SECONDS');
  }
  if (sessionIdleSeconds > sessionSeconds) {
    problems.push('SESSION_IDLE_SECONDS must not be more than SESSION_SECONDS');
  }
  if (config.production && breachedPasswordsUrl?.startsWith('http://')) {
    problems.push('BREACHED_PASSWORDS_URL must use https:// in production');
  }
  if (config.production && corsOrigins.some((origin) => origin.startsWith('http://'))) {
    problems.push('CORS_ORIGINS must use https:// in production');
  }
  return problems;
}

/** The master key comes from one place. */
function secretsProblems(config: Config): string[] {
  const secrets = config.get(SecretsConfig);
  const { masterKey, masterKeyFile, passphrase, passphraseFile } = secrets;
  const problems: string[] = [];
  const given = [
    masterKey && 'MASTER_KEY',
    masterKeyFile && 'MASTER_KEY_FILE',
    passphrase && 'MASTER_KEY_PASSPHRASE',
    passphraseFile && 'MASTER_KEY_PASSPHRASE_FILE',
  ].filter(Boolean);
  if (given.length > 1) {
    problems.push(
      `${given.join(' and ')} are ${given.length === 2 ? 'both ' : 'all '}set: keep one`,
    );
  }
  if (config.production && given.length === 0) {
    problems.push('MASTER_KEY or MASTER_KEY_FILE is required in production');
  }
  if (passphrase !== undefined && passphrase.length < shortestPassphrase) {
    problems.push(`MASTER_KEY_PASSPHRASE must have ${shortestPassphrase} characters or more`);
  }
  return problems;
}

function httpsProblems(config: Config): string[] {
  const { enforcement, hstsPreload, hstsSeconds, hstsSubdomains } = config.get(HttpsConfig);
  const { publicUrl } = config.get(ProcessConfig);
  const problems: string[] = [];
  if (enforcement === 'on' && !publicUrl.startsWith('https://')) {
    problems.push('HTTPS_ENFORCEMENT can only be on when PUBLIC_URL starts with https://');
  }
  // https://hstspreload.org/#submission-requirements
  if (hstsPreload === 'on' && (hstsSeconds < 31_536_000 || hstsSubdomains === 'off')) {
    problems.push('HSTS_PRELOAD needs HSTS_SECONDS of a year or more and HSTS_SUBDOMAINS=on');
  }
  return problems;
}

function masterKeyProblems(value: string): string[] {
  try {
    parseMasterKey(value);
    return [];
  } catch (error) {
    return [`MASTER_KEY ${(error as Error).message}`];
  }
}

/**
 * 32 bytes from base64, base64url or hex.
 * @throws Error that says what is wrong, without the value
 */
export function parseMasterKey(value: string): Buffer {
  const trimmed = value.trim();
  let key: Buffer | undefined;
  if (/^[0-9a-f]{64}$/i.test(trimmed)) key = Buffer.from(trimmed, 'hex');
  else if (/^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed)) key = Buffer.from(trimmed, 'base64');
  if (key?.length !== 32) {
    throw new Error('must be 32 bytes in base64 or hex: `openssl rand -base64 32` makes one');
  }
  if (new Set(key).size < 12) {
    throw new Error('is not random: `openssl rand -base64 32` makes a good one');
  }
  return key;
}

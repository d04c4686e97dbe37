import { randomBytes } from 'node:crypto';

import {
  type ConfigError,
  HttpConfig,
  loadConfig,
  parseMasterKey,
  PerimeterConfig,
  ProcessConfig,
} from './index.js';

const production = {
  NODE_ENV: 'production',
  MASTER_KEY: randomBytes(32).toString('base64'),
  DATABASE_URL: 'postgres://gatehouse@db/gatehouse',
  PUBLIC_URL: 'https://id.example.com/',
};

function linesFor(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).lines;
  }
}

describe('Configuration', () => {
  it('[OP-01] development needs no variable', () => {
    const config = loadConfig({});
    expect(config.production).toBe(false);
    expect(config.get(HttpConfig)).toMatchObject({ host: '127.0.0.1', port: 3000 });
    expect(config.get(ProcessConfig).publicUrl).toBe('http://localhost:3000');
  });

  it('[DP-05] production starts with its three secrets and listens everywhere', () => {
    const config = loadConfig(production);
    expect(config.get(HttpConfig).host).toBe('0.0.0.0');
    expect(config.get(ProcessConfig).publicUrl).toBe('https://id.example.com');
  });

  it('[DP-05][F24] names every wrong variable at once', () => {
    expect(
      linesFor({ NODE_ENV: 'production', PORT: '99999', TRUSTED_PROXIES: '10.0.0.0/33' }),
    ).toEqual([
      'PUBLIC_URL is required in production',
      'PORT must be a whole number from 0 to 65535',
      'TRUSTED_PROXIES must list addresses or CIDR ranges like 10.0.0.0/8',
      'DATABASE_URL is required in production',
    ]);
    expect(linesFor({ ...production, MASTER_KEY: '' })).toEqual([
      'MASTER_KEY or MASTER_KEY_FILE is required in production',
    ]);
  });

  it.each([
    ['PORT', '3e3'],
    ['PORT', ' 3000'],
    ['LOG_LEVEL', 'loud'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://app.example.com/path'],
    ['CORS_ORIGINS', 'null'],
    ['DATABASE_URL', 'mysql://db/x'],
    ['RATE_LIMIT_SCALE', '-1'],
    ['NODE_ENV', 'staging'],
    ['METRICS_TOKEN', 'short'],
    ['REDIS_URL', 'http://redis.example.com'],
    ['REDIS_URL', 'redis://redis.example.com/sessions'],
    ['ADMIN_EMAIL', 'a@b.example'],
    ['SESSION_IDLE_SECONDS', '600'],
  ])('[DP-05] refuses %s=%s', (name, value) => {
    expect(linesFor({ [name]: value })).toHaveLength(1);
  });

  it('[DP-05][PE-09] enforces https only where there is some, and preloads only what lasts', () => {
    expect(linesFor({ HTTPS_ENFORCEMENT: 'on' })).toHaveLength(1);
    expect(linesFor({ ...production, HTTPS_ENFORCEMENT: 'on' })).toEqual([]);
    expect(linesFor({ HSTS_PRELOAD: 'on' })).toEqual([]);
    expect(linesFor({ HSTS_PRELOAD: 'on', HSTS_SECONDS: '86400' })).toHaveLength(1);
    expect(linesFor({ HSTS_PRELOAD: 'on', HSTS_SUBDOMAINS: 'off' })).toHaveLength(1);
  });

  it.each([
    ['too short', 'abc'],
    ['one byte over and over', Buffer.alloc(32, 7).toString('base64')],
    ['a text', 'change-me-change-me-change-me-32'],
    ['33 bytes', randomBytes(33).toString('base64')],
  ])('[DP-05] a master key that is %s is refused and never shown', (_name, value) => {
    const lines = linesFor({ MASTER_KEY: value });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(value);
  });

  it('[DP-01] a master key is 32 bytes in base64, base64url or hex', () => {
    const key = randomBytes(32);
    for (const text of [key.toString('base64'), key.toString('base64url'), key.toString('hex')]) {
      expect(parseMasterKey(`${text}\n`)).toEqual(key);
    }
  });

  it('[PE-03] origins are kept as they are', () => {
    const config = loadConfig({ CORS_ORIGINS: 'https://a.example, http://localhost:5173' });
    expect(config.get(PerimeterConfig).corsOrigins).toEqual([
      'https://a.example',
      'http://localhost:5173',
    ]);
    expect(linesFor({ ...production, CORS_ORIGINS: 'http://a.example' })).toHaveLength(1);
  });
});

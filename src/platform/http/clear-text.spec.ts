import { randomBytes } from 'node:crypto';

import type { FastifyRequest } from 'fastify';

import { loadConfig } from '../config/index.js';
import { ClearText } from './clear-text.js';

const production = {
  NODE_ENV: 'production',
  MASTER_KEY: randomBytes(32).toString('base64'),
  DATABASE_URL: 'postgres://gatehouse@db/gatehouse',
  PUBLIC_URL: 'https://id.example.com',
  TRUSTED_PROXIES: '10.0.0.1',
};

/** A page, asked for through the trusted proxy by http. */
const request = {
  method: 'GET',
  url: '/account',
  headers: { 'x-forwarded-proto': 'http' },
  routeOptions: { url: '/account' },
  raw: { socket: { remoteAddress: '10.0.0.1' } },
} as unknown as FastifyRequest;

const redirectWith = (env: Record<string, string>): string | undefined =>
  new ClearText(loadConfig(env)).redirectOf(request);

describe('Enforcing https', () => {
  it('[PE-09][V12.2.1] is on in production when people come by https, unless switched off', () => {
    expect(redirectWith(production)).toBe('https://id.example.com/account');
    expect(redirectWith({ ...production, HTTPS_ENFORCEMENT: 'on' })).toBeDefined();
    expect(redirectWith({ ...production, HTTPS_ENFORCEMENT: 'off' })).toBeUndefined();
    expect(redirectWith({ ...production, PUBLIC_URL: 'http://10.0.0.9' })).toBeUndefined();
    expect(redirectWith({ ...production, TRUSTED_PROXIES: '' })).toBeUndefined();
  });

  it('[PE-09] is off in development, unless switched on', () => {
    const development = { PUBLIC_URL: 'https://id.example.com', TRUSTED_PROXIES: '10.0.0.1' };
    expect(redirectWith(development)).toBeUndefined();
    expect(redirectWith({ ...development, HTTPS_ENFORCEMENT: 'on' })).toBeDefined();
  });
});

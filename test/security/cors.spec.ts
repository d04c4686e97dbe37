import { TestApp } from '../support/test-app.js';
import { expectProblem } from './support/problem.js';

const allowed = ['https://app.example.com', 'http://localhost:5173'];
const preflight = (origin: string, method = 'PATCH'): Record<string, string> => ({
  origin,
  'access-control-request-method': method,
  'access-control-request-headers': 'authorization,content-type',
});
const corsOf = (headers: Record<string, string>): string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

const foreign = [
  'https://evil.example',
  'https://app.example.com.evil.example',
  'https://evilapp.example.com',
  'https://app.example.com:444',
  'https://app.example.com/',
  'https://APP.example.com',
  'http://app.example.com',
  'https://sub.app.example.com',
  'https://app.example.com@evil.example',
  'https://appXexample.com',
  'http://localhost',
  'http://localhost:5173.evil.example',
  'null',
  'file://',
  '*',
  '',
];

describe('CORS', () => {
  let open: TestApp;
  let closed: TestApp;

  beforeAll(async () => {
    open = await TestApp.start({ env: { CORS_ORIGINS: allowed.join(', ') } });
    closed = await TestApp.start({ database: open.database, masterKey: open.masterKey });
  });
  afterAll(async () => {
    await closed.close();
    await open.close();
  });

  it.each(allowed)('[PE-03][V3.4.2] lets %s in, by its own name', async (origin) => {
    const answer = await open.get('/api/v1/info', { headers: { origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers':
        'X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, ETag, Idempotency-Replayed',
      vary: expect.stringMatching(/\borigin\b/i) as unknown,
    });
    const refused = await open.get('/api/v1/users', { headers: { origin } });
    expect(refused).toMatchObject({
      status: 401,
      headers: { 'access-control-allow-origin': origin },
    });
  });

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    '[PE-03] answers the preflight of %s',
    async (method) => {
      const headers = preflight(allowed[0]!, method);
      const answer = await open.call('OPTIONS', '/api/v1/users/me', { headers });
      expect(answer).toMatchObject({ status: 204, body: '' });
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': allowed[0],
        'access-control-allow-methods': expect.stringContaining(method) as unknown,
        'access-control-allow-headers':
          'Authorization, Content-Type, X-Request-Id, X-CSRF-Token, Idempotency-Key, If-Match, If-None-Match',
        'access-control-max-age': '600',
        'strict-transport-security': expect.any(String) as unknown,
        'x-request-id': expect.any(String) as unknown,
      });
    },
  );

  it.each(foreign)('[PE-03][V3.4.2] tells %j nothing', async (origin) => {
    const answer = await open.get('/api/v1/info', { headers: { origin } });
    expect(answer.status).toBe(200);
    expect(corsOf(answer.headers)).toEqual([]);
    expect(answer.headers['vary']).toMatch(/\borigin\b/i);
    const asked = await open.call('OPTIONS', '/api/v1/users/me', { headers: preflight(origin) });
    expectProblem(asked, 'http.method_not_allowed');
    expect(corsOf(asked.headers)).toEqual([]);
  });

  it('[PE-03] answers what is no preflight like any other wrong method', async () => {
    const requests: Record<string, string>[] = [
      {},
      { origin: allowed[0]! },
      { 'access-control-request-method': 'GET' },
    ];
    for (const headers of requests) {
      const asked = await open.call('OPTIONS', '/api/v1/users', { headers });
      expectProblem(asked, 'http.method_not_allowed');
      expect(asked.headers['allow']).toBe('GET, HEAD, POST');
      expect(asked.headers['ratelimit']).toBeDefined();
    }
    expectProblem(await open.call('OPTIONS', '/api/v1/nothing'), 'http.not_found');
  });

  it.each([...allowed, ...foreign])(
    '[PE-03][V3.4.2] when unset, tells %j nothing',
    async (origin) => {
      const answer = await closed.get('/api/v1/info', { headers: { origin } });
      expect(corsOf(answer.headers)).toEqual([]);
      const asked = await closed.call('OPTIONS', '/api/v1/users/me', {
        headers: preflight(origin),
      });
      expectProblem(asked, 'http.method_not_allowed');
      expect(corsOf(asked.headers)).toEqual([]);
    },
  );
});

import { AllowedMethods } from '../../src/platform/http/allowed-methods.js';
import { securityHeaders, surfaceOf } from '../../src/platform/http/security-headers.js';
import { TestApp } from '../support/test-app.js';
import { type AnyAnswer, expectProblem } from './support/problem.js';

const someId = '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10';

/** Every route, as Fastify was told of it. */
function routesOf(learn: jest.SpyInstance): [string, string][] {
  const calls = learn.mock.calls as [string | string[], string][];
  return calls.flatMap(([methods, path]) =>
    [methods].flat().map((method): [string, string] => [method, path]),
  );
}

function expectHeaders(url: string, { status, headers, body }: AnyAnswer): void {
  const surface = securityHeaders[surfaceOf(url)];
  const isProblem = headers['content-type']?.startsWith('application/problem+json');
  const { 'cache-control': caching = '', ...others } = surface;
  expect(headers).toMatchObject(others);
  expect(headers['x-request-id']).toMatch(/^[\w.-]{8,64}$/);
  expect(headers['server'] ?? headers['x-powered-by']).toBeUndefined();
  if (url === '/.well-known/jwks.json' && status === 200) {
    expect(headers['cache-control']).toBe('public, max-age=300');
  } else if (isProblem || caching) {
    expect(headers['cache-control']).toBe('no-store');
  }
  if (url.startsWith('/api/')) {
    expect(headers['ratelimit']).toMatch(/^"\w+";r=\d+;t=\d+$/);
    expect(headers['ratelimit-policy']).toMatch(/^"\w+";q=\d+;w=\d+$/);
  }
  if (body === '') return;
  expect(headers['content-type']).toMatch(/^(image\/[\w.-]+|[\w./+-]+(; [\w.=]+)*; charset=utf-8)/);
}

describe('Headers of every answer', () => {
  let app: TestApp;
  let routes: [string, string][];

  beforeAll(async () => {
    const learn = jest.spyOn(AllowedMethods.prototype, 'learn');
    app = await TestApp.start();
    routes = routesOf(learn);
    learn.mockRestore();
  });
  afterAll(() => app.close());

  /** Unlike `app.call` it takes any body, and HEAD, which has none. */
  async function ask(
    method: string,
    url: string,
    headers: Record<string, string> = {},
    payload?: string,
  ): Promise<AnyAnswer> {
    const answer = await app.app.inject({ method: method as 'GET', url, headers, payload });
    const told = answer.headers as Record<string, string>;
    return { status: answer.statusCode, headers: told, body: answer.body };
  }

  it('[PE-04][V3.4.1][V3.4.3][V3.4.4][V3.4.6][V4.1.1][V14.3.2] of every route, for strangers and administrators', async () => {
    const { accessToken } = await app.administrator();
    expect(routes.length).toBeGreaterThan(50);
    for (const [method, path] of routes) {
      if (method === 'OPTIONS' || path.includes('*')) continue;
      const url = path.replace(/:\w+/g, someId);
      const body = ['POST', 'PUT', 'PATCH'].includes(method) ? '{}' : undefined;
      const headers: Record<string, string> = body ? { 'content-type': 'application/json' } : {};
      expectHeaders(url, await ask(method, url, headers, body));
      if (url.includes('logout')) continue;
      headers['authorization'] = `Bearer ${accessToken}`;
      expectHeaders(url, await ask(method, url, headers, body));
    }
  });

  it.each([
    ['GET', '/', 404],
    ['GET', '/nothing', 404],
    ['GET', '/docs/nothing.js', 404],
    ['GET', '/setup/nothing', 404],
    ['GET', '/api/v1/nothing', 404],
    ['GET', '/api/', 404],
    ['GET', '/api/v1/users', 401],
    ['PUT', '/api/v1/users', 405],
    ['OPTIONS', '/api/v1/users', 405],
    ['GET', '/api/v1/users/%00', 400],
    ['GET', '/api/v1/%zz', 400],
    ['GET', `/api/v1/roles/${'a'.repeat(500)}`, 414],
    ['GET', '/docs/swagger-ui.css', 200],
    ['GET', '/docs/swagger-ui-init.js', 200],
    ['GET', '/docs/favicon-32x32.png', 200],
    ['GET', '/docs/', 200],
    ['GET', '/metrics', 200],
  ])('[PE-04][V4.1.1] %s %s is answered %i with all of them', async (method, url, status) => {
    const answer = await ask(method, url);
    expect(answer.status).toBe(status);
    expectHeaders(url, answer);
  });

  it.each<[string, Record<string, string>, string, number]>([
    ['text', { 'content-type': 'text/plain' }, 'x', 415],
    ['too much', { 'content-type': 'application/json' }, ' '.repeat(262_145), 413],
    ['no JSON', { 'content-type': 'application/json' }, '{', 400],
    ['bad input', { 'content-type': 'application/json' }, '{}', 400],
  ])(
    '[PE-04][PE-01] a body of %s is refused with all of them',
    async (_name, headers, body, status) => {
      const answer = await ask('POST', '/api/v1/auth/login', headers, body);
      expect(answer.status).toBe(status);
      expectHeaders('/api/v1/auth/login', answer);
    },
  );

  it.each([
    ['Range', 'bytes=99999999-'],
    ['If-Match', '"other"'],
    ['Range', 'bytes=a-b'],
  ])('[ER-01][V16.5.4] %s: %s on a file is no failure of ours', async (name, value) => {
    const answer = await ask('GET', '/docs/swagger-ui.css', { [name]: value });
    expect(answer.status).toBeLessThan(500);
    expectHeaders('/docs/swagger-ui.css', answer);
  });

  it.each([
    '/docs/../package.json',
    '/docs/../../package.json',
    '/docs/%2e%2e/%2e%2e/package.json',
    '/docs/..%2f..%2f..%2fpackage.json',
    '/docs/....//package.json',
    '/docs/..\\..\\package.json',
    '/docs/%5c..%5c..%5cpackage.json',
    '/docs//etc/passwd',
    '/docs/.git/config',
    '/docs/%00',
  ])('[PE-08][V5.3.2] %s leads to no file outside', async (url) => {
    const answer = await ask('GET', url);
    expect([400, 403, 404]).toContain(answer.status);
    const { code } = JSON.parse(answer.body as string) as { code: 'http.not_found' };
    expectProblem(answer, code);
  });

  it('[PE-04] HEAD has the headers of GET and no body', async () => {
    for (const url of ['/health/live', '/api/v1/info', '/problems', '/docs']) {
      const [get, head] = [await ask('GET', url), await ask('HEAD', url)];
      expect(head).toMatchObject({ status: get.status, body: '' });
      expect(Object.keys(head.headers).sort()).toEqual(Object.keys(get.headers).sort());
    }
  });
});

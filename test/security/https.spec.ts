import { type AnyAnswer, expectProblem } from './support/problem.js';
import { TestApp } from '../support/test-app.js';

const origin = 'https://id.example.com';
const proxy = '127.0.0.1';
const stranger = '203.0.113.7';

describe('Requests that came in the clear', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        PUBLIC_URL: `${origin}/ignored`,
        HTTPS_ENFORCEMENT: 'on',
        TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8, fd00::/8',
        HSTS_SECONDS: '63072000',
        HSTS_PRELOAD: 'on',
      },
    });
  });
  afterAll(() => app.close());

  async function ask(
    method: string,
    url: string,
    proto?: string,
    remoteAddress = proxy,
  ): Promise<AnyAnswer> {
    const answer = await app.app.inject({
      method: method as 'GET',
      url,
      remoteAddress,
      headers: {
        authorization: 'Bearer secret',
        ...(proto !== undefined && { 'x-forwarded-proto': proto }),
      },
    });
    const headers = answer.headers as Record<string, string>;
    return { status: answer.statusCode, headers, body: answer.body };
  }

  it.each([
    ['/account', '/account'],
    ['/docs?x=1&y=%2F', '/docs?x=1&y=%2F'],
    ['/openapi.json', '/openapi.json'],
    ['/nothing', '/nothing'],
    ['//evil.example/x', '//evil.example/x'],
    ['/@evil.example', '/@evil.example'],
    ['/.evil.example', '/.evil.example'],
    ['/%2f%2fevil.example', '/%2f%2fevil.example'],
    ['/?u=//evil.example%0d%0aSet-Cookie:x', '/?u=//evil.example%0d%0aSet-Cookie:x'],
  ])('[PE-09][V12.2.1] GET %s goes to https, on the host of PUBLIC_URL', async (url, path) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask(method, url, 'http');
      expect(answer).toMatchObject({ status: 308, headers: { location: origin + path }, body: '' });
      expect(new URL(answer.headers['location']!).origin).toBe(origin);
      expect(answer.headers['strict-transport-security']).toBeUndefined();
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-request-id': expect.any(String) as unknown,
        'x-content-type-options': 'nosniff',
      });
    }
  });

  it.each([
    ['GET', '/api/v1/users/me'],
    ['GET', '/%61pi/v1/users/me'],
    ['GET', '/api/v1/nothing'],
    ['GET', '/api/v1/health'],
    ['POST', '/api/v1/auth/login'],
    ['DELETE', '/api/v1/users/me'],
    ['POST', '/account'],
    ['POST', '/metrics/x'],
  ])('[PE-09][V4.1.2] %s %s is refused, so that the caller notices', async (method, url) => {
    const answer = await ask(method, url, 'http');
    expect(answer).toMatchObject({ status: 403, headers: { connection: 'close' } });
    expect(answer.headers['location']).toBeUndefined();
    expect(JSON.parse(answer.body as string)).toMatchObject({
      code: 'http.https_required',
      instance: url,
    });
  });

  it.each(['HTTP', 'https, http', 'http,http', 'ws', 'x', ' '])(
    '[PE-09] %j is not https',
    async (proto) => {
      expect((await ask('GET', '/account', proto)).status).toBe(308);
    },
  );

  it.each(['https', 'HTTPS', 'http, https'])('[PE-09] %j is https', async (proto) => {
    const answer = await ask('GET', '/account', proto);
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toBe(
      'max-age=63072000; includeSubDomains; preload',
    );
  });

  it('[PE-09] probes and scrapers may come by http', async () => {
    for (const url of ['/health/live', '/health/ready', '/health/startup', '/metrics']) {
      expect((await ask('GET', url, 'http')).status).toBe(200);
    }
    expect((await ask('GET', '/healthy', 'http')).status).toBe(308);
  });

  it('[PE-09][V4.1.3] only a trusted proxy is believed, and only when it says something', async () => {
    for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '10.1.2.3', 'fd00::1']) {
      expect((await ask('GET', '/account', 'http', address)).status).toBe(308);
      expect((await ask('GET', '/account', undefined, address)).status).toBe(200);
    }
    for (const address of [stranger, '2001:db8::1', '11.0.0.1']) {
      expect((await ask('GET', '/account', 'http', address)).status).toBe(200);
      expect((await ask('GET', '/api/v1/info', 'http', address)).status).toBe(200);
    }
  });

  it('[PE-04][ER-01] a refused request is answered with the headers of the installation', async () => {
    const answer = await ask('GET', '/api/v1/info', 'http');
    const hsts = 'max-age=63072000; includeSubDomains; preload';
    const { 'strict-transport-security': told, ...headers } = answer.headers;
    expect(told).toBe(hsts);
    const usual = 'max-age=31536000; includeSubDomains';
    expectProblem(
      { ...answer, headers: { ...headers, 'strict-transport-security': usual } },
      'http.https_required',
    );
  });
});

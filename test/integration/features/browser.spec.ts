import {
  type Answer,
  type Call,
  goodPassword,
  randomName,
  TestApp,
} from '../../support/test-app.js';

const own = 'https://gatehouse.example.com';
const neighbour = 'https://app.example.com';
const [access, refresh, csrf] = ['access', 'refresh', 'csrf'].map(
  (part) => `__Host-gatehouse-${part}`,
) as [string, string, string];

/** Keeps cookies as a browser does, and says what a browser says. */
class Jar {
  readonly cookies = new Map<string, string>();
  /** The lines as they came. */
  lines: string[] = [];
  csrfToken = '';

  constructor(
    private readonly app: TestApp,
    private readonly page: Record<string, string> = {
      origin: own,
      'sec-fetch-site': 'same-origin',
    },
  ) {}

  async call(method: string, url: string, { headers, ...more }: Call = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const all = { ...(cookie && { cookie }), ...this.page, ...headers };
    const answer = await this.app.call(method, url, { ...more, headers: all });
    this.lines = [(answer.headers['set-cookie'] as string | string[] | undefined) ?? []].flat();
    for (const line of this.lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
      if (/Max-Age=0\b/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  /** A change, with the token of the last sign-in. */
  post(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('POST', url, {
      body,
      headers: { 'x-csrf-token': this.csrfToken, ...headers },
    });
  }

  async signIn(identifier: string): Promise<Answer> {
    const body = { identifier, password: goodPassword, mode: 'cookie' };
    const answer = await this.call('POST', '/api/v1/auth/login', { body });
    this.csrfToken = String(answer.body.csrfToken);
    return answer;
  }

  me(): Promise<Answer> {
    return this.call('GET', '/api/v1/users/me');
  }

  rename(displayName: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call('PATCH', '/api/v1/users/me', { body: { displayName }, headers });
  }
}

describe('Browsers, with cookies', () => {
  let app: TestApp;
  let name: string;
  let jar: Jar;

  beforeAll(async () => {
    app = await TestApp.start({ env: { PUBLIC_URL: own, CORS_ORIGINS: neighbour } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    name = randomName();
    await app.member(name);
    jar = new Jar(app);
  });

  const token = (): Record<string, string> => ({ 'x-csrf-token': jar.csrfToken });
  const refused = { status: 403, body: { code: 'csrf.failed' } };

  it('[ID-13][V3.3.1][V3.3.2][V3.3.4] sign in: tokens are in cookies that no script reads, not in the body', async () => {
    const answer = await jar.signIn(name);
    expect(answer).toMatchObject({ status: 200, body: { tokenType: 'Cookie', expiresIn: 3600 } });
    expect(Object.keys(answer.body as object).sort()).toEqual([
      'csrfToken',
      'expiresIn',
      'tokenType',
    ]);
    expect([...jar.cookies.keys()].sort()).toEqual([access, csrf, refresh]);
    for (const line of jar.lines) {
      const [, ...attributes] = line.split('; ');
      expect(attributes).toEqual(
        expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']),
      );
      expect(line).not.toMatch(/domain/i);
    }
    const body = JSON.stringify(answer.body);
    for (const secret of [access, refresh].flatMap((part) => jar.cookies.get(part)!.split('.'))) {
      expect(body).not.toContain(secret);
    }
    expect((await jar.me()).body).toMatchObject({ username: name });
  });

  it('[ID-13] bearer mode sets no cookie and is asked for no token', async () => {
    const bearer = await jar.call('POST', '/api/v1/auth/login', {
      body: { identifier: name, password: goodPassword },
      headers: { origin: 'https://evil.example.net', 'sec-fetch-site': 'cross-site' },
    });
    expect([bearer.status, jar.lines]).toEqual([200, []]);
    const call = { token: bearer.body.accessToken as string, body: { displayName: 'Ada' } };
    expect((await app.call('PATCH', '/api/v1/users/me', call)).status).toBe(200);
    for (const mode of ['token', '', null, true]) {
      const body = { identifier: name, password: goodPassword, mode };
      expect((await app.post('/api/v1/auth/login', body)).body.code).toBe('validation.failed');
    }
  });

  it('[PE-05][V3.5.1] a change needs the token; looking does not', async () => {
    await jar.signIn(name);
    expect(await jar.rename('None')).toMatchObject(refused);
    for (const wrong of ['', 'x', 'x.y', `${jar.csrfToken}x`, 'x'.repeat(5_000), 'ü.ü']) {
      const answer = await jar.rename('Wrong', { 'x-csrf-token': encodeURI(wrong) });
      expect(answer).toMatchObject(refused);
    }
    expect((await jar.me()).body.displayName).toBeNull();
    expect((await jar.rename('Ada', token())).status).toBe(200);
    const inBody = { displayName: 'Lovelace', _csrf: jar.csrfToken };
    expect((await jar.call('PATCH', '/api/v1/users/me', { body: inBody })).status).toBe(200);
    expect((await jar.me()).body.displayName).toBe('Lovelace');
  });

  it('[PE-05] a token of another session, of before the sign-in, or with another cookie is refused', async () => {
    const before = await jar.call('GET', '/api/v1/csrf-token');
    await jar.signIn(name);
    const beforeSignIn = { 'x-csrf-token': before.body.csrfToken as string };
    expect(await jar.rename('Early', beforeSignIn)).toMatchObject(refused);

    const other = new Jar(app);
    await other.signIn(name);
    const ofOther = { 'x-csrf-token': other.csrfToken };
    expect(await jar.rename('Other', ofOther)).toMatchObject(refused);
    const ours = jar.cookies.get(csrf)!;
    jar.cookies.set(csrf, other.cookies.get(csrf)!);
    expect(await jar.rename('Planted', ofOther)).toMatchObject(refused);
    expect(await jar.rename('Planted', token())).toMatchObject(refused);
    jar.cookies.delete(csrf);
    expect(await jar.rename('Without', token())).toMatchObject(refused);
    jar.cookies.set(csrf, ours);
    expect((await jar.rename('Ours', token())).status).toBe(200);
    const old = token();
    await jar.signIn(name);
    expect(await jar.rename('Rotated', old)).toMatchObject(refused);
  });

  it('[PE-05] GET csrf-token gives one that is different each time, changes nothing, and all are good', async () => {
    await jar.signIn(name);
    const cookie = jar.cookies.get(csrf);
    const tokens = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const { body, status } = await jar.call('GET', '/api/v1/csrf-token');
      expect([status, Object.keys(body as object)]).toEqual([200, ['csrfToken']]);
      tokens.add(body.csrfToken as string);
    }
    expect([tokens.size, jar.cookies.get(csrf)]).toEqual([5, cookie]);
    for (const each of tokens) {
      expect((await jar.rename('Ada', { 'x-csrf-token': each })).status).toBe(200);
    }
    const stranger = new Jar(app);
    expect((await stranger.call('GET', '/api/v1/csrf-token')).status).toBe(200);
    expect([...stranger.cookies.keys()]).toEqual([csrf]);
  });

  it.each([
    ['another site', { origin: 'https://evil.example.net', 'sec-fetch-site': 'cross-site' }, 403],
    ['another site without metadata', { origin: 'https://evil.example.net' }, 403],
    ['a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
    ['a neighbour', { origin: 'https://b.example.com', 'sec-fetch-site': 'same-site' }, 403],
    ['a named neighbour', { origin: neighbour, 'sec-fetch-site': 'same-site' }, 200],
    ['our page', { origin: own, 'sec-fetch-site': 'same-origin' }, 200],
  ])(
    '[PE-05][V3.5.1] a page of %s signs nobody in and changes nothing',
    async (_who, page, status) => {
      const visitor = new Jar(app, page);
      const answer = await visitor.signIn(name);
      expect([answer.status, visitor.cookies.size > 0]).toEqual([status, status === 200]);
      await jar.signIn(name);
      expect((await jar.rename('Changed', { ...page, ...token() })).status).toBe(status);
      const refreshed = await jar.post('/api/v1/auth/refresh', {}, page);
      expect(refreshed.status).toBe(status);
    },
  );

  it('[ID-13] refresh by cookie: both are renewed, the token stays good, the body has none', async () => {
    await jar.signIn(name);
    const [first, firstRefresh] = [jar.cookies.get(access), jar.cookies.get(refresh)];
    jar.cookies.delete(access); // as a browser does when it is over
    expect((await jar.me()).status).toBe(401);
    expect(await jar.call('POST', '/api/v1/auth/refresh', { body: {} })).toMatchObject(refused);
    const answer = await jar.post('/api/v1/auth/refresh');
    expect(answer).toMatchObject({ status: 200, body: { tokenType: 'Cookie' } });
    expect(answer.body).not.toHaveProperty('accessToken');
    expect(jar.cookies.get(access)).not.toBe(first);
    expect(jar.cookies.get(refresh)).not.toBe(firstRefresh);
    expect((await jar.rename('Ada', token())).status).toBe(200);
    const explicit = await jar.post('/api/v1/auth/refresh', { mode: 'cookie' });
    expect(explicit).toMatchObject({ status: 200, body: { tokenType: 'Cookie' } });
  });

  it('[ID-13] after the access cookie is over, GET csrf-token still gives a token that refreshes', async () => {
    await jar.signIn(name);
    jar.cookies.delete(access);
    jar.csrfToken = (await jar.call('GET', '/api/v1/csrf-token')).body.csrfToken as string;
    expect((await jar.post('/api/v1/auth/refresh')).status).toBe(200);
    expect((await jar.me()).status).toBe(200);
  });

  it('[ID-13] a refresh cookie that is good no more is taken away', async () => {
    await jar.signIn(name);
    const stolen = new Map(jar.cookies);
    await jar.post('/api/v1/auth/logout-all');
    for (const [key, value] of stolen) jar.cookies.set(key, value);
    const answer = await jar.post('/api/v1/auth/refresh');
    expect(answer).toMatchObject({ status: 401, body: { code: 'auth.invalid_refresh_token' } });
    expect(jar.cookies.size).toBe(0);
  });

  it('[ID-13] without a cookie, refresh wants its token in the body', async () => {
    const answer = await jar.call('POST', '/api/v1/auth/refresh', { body: {} });
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation.failed' } });
  });

  it.each(['logout', 'logout-all'])('[ID-13] %s clears the cookies', async (route) => {
    await jar.signIn(name);
    const stolen = new Map(jar.cookies);
    expect(await jar.call('POST', `/api/v1/auth/${route}`)).toMatchObject(refused);
    expect((await jar.post(`/api/v1/auth/${route}`)).status).toBe(204);
    expect(jar.cookies.size).toBe(0);
    for (const line of jar.lines)
      expect(line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    for (const [key, value] of stolen) jar.cookies.set(key, value);
    expect((await jar.me()).status).toBe(401);
  });

  it('[ID-13] a credential in a header wins over cookies, and needs no CSRF token', async () => {
    await jar.signIn(name);
    const bob = await app.member();
    const authorization = `Bearer ${bob.accessToken}`;
    const me = await jar.call('GET', '/api/v1/users/me', { headers: { authorization } });
    expect(me.body.id).toBe(bob.id);
    expect((await jar.rename('Bob', { authorization })).body.id).toBe(bob.id);
    expect((await jar.rename('Nobody', { authorization: 'Bearer bad' })).status).toBe(401);
  });

  it('[ID-13] bad cookies are ignored on public routes, and prove nothing on others', async () => {
    for (const value of ['', 'x', 'a.b.c', '%', '"', 'x'.repeat(4_000)]) {
      for (const cookie of [access, refresh, csrf]) jar.cookies.set(cookie, value);
      expect((await jar.call('GET', '/api/v1/health')).status).toBe(200);
      expect((await jar.call('GET', '/api/v1/csrf-token')).status).toBe(200);
      expect((await jar.me()).status).toBe(401);
      expect((await jar.rename('Nobody')).status).toBe(401);
      expect((await jar.signIn(name)).status).toBe(200);
    }
    const body = { refreshToken: 'A'.repeat(64) };
    expect((await jar.call('POST', '/api/v1/auth/refresh', { body })).status).toBe(401);
  });

  it('[PE-05][V3.5.2] a form cannot reach it: only JSON is read', async () => {
    await jar.signIn(name);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const answer = await jar.call('POST', '/api/v1/auth/login', {
        body: JSON.stringify({ identifier: name, password: goodPassword, mode: 'cookie' }),
        headers: { 'content-type': type },
      });
      expect(answer.status).toBe(415);
    }
  });

  it('[PE-03][V3.4.2] credentials cross origins for named ones only', async () => {
    const preflight = (origin: string): Promise<Answer> =>
      app.call('OPTIONS', '/api/v1/users/me', {
        headers: {
          origin,
          'access-control-request-method': 'PATCH',
          'access-control-request-headers': 'content-type,x-csrf-token',
        },
      });
    expect((await preflight(neighbour)).headers).toMatchObject({
      'access-control-allow-origin': neighbour,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': expect.stringContaining('X-CSRF-Token'),
    });
    const stranger = await preflight('https://evil.example.net');
    expect(stranger.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('[ID-13][V7.2.4] stepping up renews cookies, whatever the body asks for: no token gets into it', async () => {
    await jar.signIn(name);
    const before = jar.cookies.get(access);
    for (const mode of [undefined, 'bearer', 'cookie']) {
      const body = { password: goodPassword, ...(mode && { mode }) };
      const answer = await jar.post('/api/v1/auth/step-up', body);
      expect(answer).toMatchObject({ status: 200, body: { tokenType: 'Cookie' } });
      expect(answer.body).not.toHaveProperty('accessToken');
      jar.csrfToken = answer.body.csrfToken as string;
    }
    expect(jar.cookies.get(access)).not.toBe(before);
    expect((await jar.me()).body.username).toBe(name);
  });

  it('[ID-13] two tabs that refresh at once keep their session, and each token is good', async () => {
    await jar.signIn(name);
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => jar.post('/api/v1/auth/refresh')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    for (const { body } of answers) {
      const header = { 'x-csrf-token': body.csrfToken as string };
      expect((await jar.rename('Ada', header)).status).toBe(200);
    }
    expect((await jar.post('/api/v1/auth/refresh')).status).toBe(200);
  });
});

import { Controller, Get, Module, Post } from '@nestjs/common';
import pg from 'pg';

import { Access } from '../../src/platform/access/index.js';
import { goodPassword, type SignedIn, TestApp } from '../support/test-app.js';
import { superuserUrl } from '../support/test-database.js';
import { expectProblem } from './support/problem.js';

@Controller('undeclared')
class UndeclaredController {
  @Get()
  read(): string {
    return 'open to everybody by mistake';
  }

  @Post(':id')
  write(): string {
    return 'open to everybody by mistake';
  }
}

@Controller('mixed')
@Access.public()
class MixedController {
  @Get('open')
  open(): string {
    return 'open';
  }

  @Get('closed')
  @Access('roles.manage')
  closed(): string {
    return 'closed';
  }
}

/** Throws what nobody expects. */
@Controller('broken')
@Access.public()
class BrokenController {
  static thrown: unknown;

  @Get()
  read(): never {
    throw BrokenController.thrown;
  }
}

@Module({ controllers: [UndeclaredController, MixedController, BrokenController] })
class ForgetfulModule {}

describe('Access by default', () => {
  let app: TestApp;
  let root: SignedIn;
  let member: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start({ features: [ForgetfulModule] });
    root = await app.administrator();
    member = await app.member();
  });
  afterAll(() => app.close());

  it.each([
    ['GET', '/api/v1/undeclared'],
    ['HEAD', '/api/v1/undeclared'],
    ['POST', '/api/v1/undeclared/7'],
  ])('[V8.2.1][AC-01] %s %s, declared for nobody, is for nobody', async (method, url) => {
    const status = async (token?: string): Promise<number> => {
      const headers = token ? { authorization: `Bearer ${token}` } : {};
      return (await app.app.inject({ method: method as 'GET', url, headers })).statusCode;
    };
    expect(await status()).toBe(401);
    expect(await status(member.accessToken)).toBe(403);
    expect(await status(root.accessToken)).toBe(403);
  });

  it('[V8.2.1][V16.3.2] tells and records the refusal', async () => {
    const url = '/api/v1/undeclared';
    expectProblem(await app.get(url), 'auth.required');
    expectProblem(await app.get(url, { token: 'rubbish' }), 'auth.invalid_token');
    expectProblem(await app.get(url, { token: root.accessToken }), 'access.denied');
    expect((await app.audit('access.denied')).at(-1)).toMatchObject({
      actor_id: root.id,
      payload: { permission: 'undeclared', method: 'GET', route: url },
    });
  });

  it('[V8.2.1] a declaration at the method counts more than one at the class', async () => {
    expect((await app.get('/api/v1/mixed/open')).status).toBe(200);
    expectProblem(await app.get('/api/v1/mixed/closed'), 'auth.required');
    const token = member.accessToken;
    expectProblem(await app.get('/api/v1/mixed/closed', { token }), 'access.denied');
    const allowed = await app.get('/api/v1/mixed/closed', { token: root.accessToken });
    expect(allowed).toMatchObject({ status: 200, body: 'closed' });
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer  x',
    'Bearer x y',
    'Basic cm9vdDpyb290',
    'Bearer null',
    'Bearer undefined',
    `Bearer ${'a'.repeat(8_000)}`,
    `Bearer ${'a.'.repeat(2_000)}`,
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    'Bearer ../../etc/passwd',
  ])('[V8.2.1][V16.5.3] %.40j proves nothing', async (authorization) => {
    const headers = { authorization };
    expectProblem(await app.get('/api/v1/users/me', { headers }), 'auth.invalid_token');
    expect((await app.get('/api/v1/info', { headers })).status).toBe(200);
  });

  it('[V7.5.1][V7.2.4] a session of long ago does not change the roles of others', async () => {
    const old = await app.administrator();
    await app.database.superuser.query(
      `UPDATE sessions SET created_at = now() - interval '11 minutes' WHERE user_id = $1`,
      [old.id],
    );
    const url = `/api/v1/users/${member.id}/roles`;
    const change = { token: old.accessToken, body: { roles: ['member'] } };
    expectProblem(await app.call('PUT', url, change), 'auth.step_up_required');
    expect((await app.get('/api/v1/users', { token: old.accessToken })).status).toBe(200);
    expect((await app.call('PUT', url, { ...change, token: root.accessToken })).status).toBe(200);
  });

  it('[V8.2.1] a token anywhere but in the header is none', async () => {
    const { accessToken } = root;
    expectProblem(await app.get(`/api/v1/users/me?access_token=${accessToken}`), 'auth.required');
    const headers = { cookie: `access_token=${accessToken}; authorization=Bearer ${accessToken}` };
    expectProblem(await app.get('/api/v1/users/me', { headers }), 'auth.required');
  });

  it.each([
    ['an error', new Error('SELECT * FROM users; /srv/app/secret.js:1')],
    ['a text', 'password=hunter2'],
    ['nothing', undefined],
    ['null', null],
    ['a number', 42],
    ['an error with a status', Object.assign(new Error('x'), { statusCode: 599, code: 'X' })],
    ['an error in a circle', Object.assign(new Error('x'), { self: {} as unknown })],
    ['an error without a message', Object.create(Error.prototype) as Error],
  ])('[ER-01][V16.5.1][V16.5.4] %s that a route throws tells nothing', async (_name, thrown) => {
    BrokenController.thrown = thrown;
    const answer = await app.get('/api/v1/broken');
    expectProblem(answer, 'server.internal');
    expect(JSON.stringify(answer.body)).not.toMatch(/hunter2|secret\.js/);
  });
});

describe('Access while the database is away', () => {
  let app: TestApp;
  let server: pg.Client;
  let name: string;

  beforeAll(async () => {
    app = await TestApp.start();
    name = new URL(app.database.serviceUrl).pathname.slice(1);
    server = new pg.Client({ connectionString: superuserUrl() });
    await server.connect();
  });
  afterAll(async () => {
    await server.end();
    await app.close();
  });

  async function databaseIs(there: boolean): Promise<void> {
    await server.query(`ALTER DATABASE ${name} CONNECTION LIMIT ${there ? -1 : 0}`);
    if (there) return;
    await server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = $1 AND usename <> current_user`,
      [name],
    );
  }

  it('[V16.5.3][F03] refuses with 503, and neither lets in nor says that the token is bad', async () => {
    const { username, accessToken: token, refreshToken } = await app.member();
    const me = '/api/v1/users/me';
    const credentials = { identifier: username, password: goodPassword };
    await databaseIs(false);
    try {
      for (const answer of [
        await app.get(me, { token }),
        await app.get('/api/v1/users', { token }),
        await app.post('/api/v1/auth/login', credentials),
        await app.post('/api/v1/auth/refresh', { refreshToken }),
        await app.call('POST', '/api/v1/auth/logout', { token }),
      ]) {
        expectProblem(answer, 'database.unavailable');
        expect(answer.headers['retry-after']).toBe('2');
        expect(answer.headers['ratelimit']).toBeDefined();
      }
      expectProblem(await app.get(me), 'auth.required');
      expectProblem(await app.get(me, { token: 'rubbish' }), 'auth.invalid_token');
      // Public routes ask nobody who they are, so they need no database whatever is sent.
      expect((await app.get('/api/v1/info', { token })).status).toBe(200);
    } finally {
      await databaseIs(true);
    }
    expect((await app.get(me, { token })).status).toBe(200);
    expect((await app.post('/api/v1/auth/refresh', { refreshToken })).status).toBe(200);
  });
});

import type { ErrorCode } from '../../src/catalogue/errors.js';
import {
  type Answer,
  goodPassword,
  randomName,
  type SignedIn,
  TestApp,
} from '../support/test-app.js';
import { hostilePatterns, naughtyStrings, naughtyValues } from './support/naughty-strings.js';
import { expectProblem } from './support/problem.js';

interface Route {
  method: string;
  /** With `:id` of a member and `:name` of a role. */
  url: string;
  as: 'stranger' | 'administrator';
  /** A body that would be accepted. */
  body: () => Record<string, unknown>;
  /** Fields beyond those of the body. */
  more?: string[];
}

const account = (): Record<string, unknown> => {
  const username = randomName();
  return { email: `${username}@example.com`, username, password: goodPassword };
};

const routes: Route[] = [
  {
    method: 'POST',
    url: '/api/v1/auth/register',
    as: 'stranger',
    body: () => ({ ...account(), passwordConfirmation: goodPassword }),
  },
  {
    method: 'POST',
    url: '/api/v1/auth/login',
    as: 'stranger',
    body: () => ({ identifier: 'nobody', password: goodPassword }),
  },
  {
    method: 'POST',
    url: '/api/v1/auth/refresh',
    as: 'stranger',
    body: () => ({ refreshToken: 'A'.repeat(64) }),
  },
  {
    method: 'POST',
    url: '/api/v1/setup',
    as: 'stranger',
    body: () => ({ ...account(), passwordConfirmation: goodPassword, token: 'A'.repeat(43) }),
  },
  {
    method: 'PATCH',
    url: '/api/v1/users/me',
    as: 'administrator',
    body: () => ({ displayName: 'Ada' }),
  },
  {
    method: 'POST',
    url: '/api/v1/users',
    as: 'administrator',
    body: () => ({ ...account(), displayName: 'Ada', roles: ['member'] }),
  },
  {
    method: 'PATCH',
    url: '/api/v1/users/:id',
    as: 'administrator',
    body: () => ({ displayName: 'Ada', status: 'active' }),
  },
  {
    method: 'PUT',
    url: '/api/v1/users/:id/roles',
    as: 'administrator',
    body: () => ({ roles: ['member'] }),
  },
  {
    method: 'POST',
    url: '/api/v1/roles',
    as: 'administrator',
    body: () => ({ name: randomName(), description: 'A role', permissions: ['users.read'] }),
  },
  {
    method: 'PATCH',
    url: '/api/v1/roles/:name',
    as: 'administrator',
    body: () => ({ description: 'A role', permissions: ['users.read'] }),
  },
];
const fields = routes.flatMap((route) =>
  Object.keys(route.body()).map(
    (field) => [`${route.method} ${route.url} ${field}`, route, field] as const,
  ),
);

describe('Naughty strings', () => {
  let app: TestApp;
  let root: SignedIn;
  let member: SignedIn;
  const role = 'support';

  beforeAll(async () => {
    app = await TestApp.start({ env: { RATE_LIMIT_SCALE: '1000000' } });
    root = await app.administrator();
    member = await app.member();
    const body = { name: role, description: 'x', permissions: [] };
    await app.post('/api/v1/roles', body, { token: root.accessToken });
  });
  afterAll(() => app.close());

  function send(route: Route, body: unknown): Promise<Answer> {
    const url = route.url.replace(':id', member.id).replace(':name', role);
    const token = route.as === 'administrator' ? root.accessToken : undefined;
    return app.call(route.method, url, { body, ...(token && { token }) });
  }

  /** Done as asked, or refused with a reason that names the place. */
  function expectSane(answer: Answer, place: string, echoed?: string): void {
    expect(answer.status).toBeLessThan(500);
    if (answer.status < 400) return;
    const { code, errors } = expectProblem(answer, answer.body.code as ErrorCode, echoed);
    if (code !== 'validation.failed' && code !== 'http.malformed_json') return;
    const places = (errors as { pointer: string; rule: string; message: string }[]).map((error) => {
      expect(error).toEqual({
        pointer: expect.any(String) as unknown,
        rule: expect.stringMatching(/^\w+$/) as unknown,
        message: expect.stringMatching(/./) as unknown,
      });
      return error.pointer;
    });
    expect(places.some((pointer) => pointer.startsWith(place))).toBe(true);
  }

  /** The value where the field has it: in a list as one of its items. */
  const put = (route: Route, field: string, value: unknown): Record<string, unknown> => {
    const body = route.body();
    return { ...body, [field]: Array.isArray(body[field]) ? [value] : value };
  };

  it.each(fields)(
    '[PE-06][V2.2.1][V1.2.4] are taken or refused by %s',
    async (_name, route, field) => {
      for (const text of naughtyStrings) {
        const body = put(route, field, text);
        if (field === 'password' && 'passwordConfirmation' in body)
          body['passwordConfirmation'] = text;
        const place = field === 'passwordConfirmation' ? 'password' : field;
        expectSane(await send(route, body), `/${place}`, text);
      }
    },
  );

  it.each(fields)('[PE-06][V15.3.5] other types are refused by %s', async (_name, route, field) => {
    for (const value of naughtyValues) {
      const answer = await send(route, { ...route.body(), [field]: value });
      expectSane(answer, `/${field}`);
      const fits = value === null || (Array.isArray(value) && Array.isArray(route.body()[field]));
      if (!fits) expect(answer.status).toBe(400);
    }
  });

  it.each(fields)(
    '[PE-06][V15.3.3] unknown fields are refused by %s',
    async (_name, route, field) => {
      const body = route.body();
      for (const name of [
        'id',
        'isAdmin',
        `${field} `,
        field.toUpperCase(),
        'passwordHash',
        'toString',
      ]) {
        expectSane(await send(route, { ...body, [name]: 'x' }), `/${name}`);
      }
    },
  );

  it.each(fields)(
    '[V1.3.12][F09] hostile patterns cost %s no time',
    async (_name, route, field) => {
      for (const pattern of hostilePatterns) {
        const started = performance.now();
        const answer = await send(route, put(route, field, pattern));
        expect([pattern.slice(0, 4), performance.now() - started < 1_000]).toEqual([
          pattern.slice(0, 4),
          true,
        ]);
        expect(answer.status).toBe(400);
      }
    },
  );

  it.each(['limit', 'cursor', 'search', 'role', 'status', 'sort', 'other'])(
    '[PE-06][V1.2.4] are taken or refused by the query parameter %s',
    async (name) => {
      for (const text of [...naughtyStrings, ...hostilePatterns]) {
        if (!text.isWellFormed()) continue; // cannot be put into a URL
        const url = `/api/v1/users?${name}=${encodeURIComponent(text)}`;
        const answer = await app.get(url, { token: root.accessToken });
        expectSane(answer, '/query/');
      }
    },
  );

  it.each([
    ['GET', '/api/v1/users/'],
    ['PATCH', '/api/v1/users/'],
    ['GET', '/api/v1/roles/'],
    ['PATCH', '/api/v1/roles/'],
    ['DELETE', '/api/v1/roles/'],
    ['DELETE', '/api/v1/auth/sessions/'],
    ['GET', '/problems/'],
    ['GET', '/docs/'],
    ['GET', '/'],
  ])('[PE-06][V1.2.4] are taken or refused as part of %s %s', async (method, prefix) => {
    for (const text of [...naughtyStrings, ...hostilePatterns]) {
      if (!text.isWellFormed()) continue;
      const url = prefix + encodeURIComponent(text);
      const body = method === 'PATCH' ? { body: {} } : {};
      expectSane(await app.call(method, url, { token: root.accessToken, ...body }), '/path/');
    }
  });

  it('[PE-06][V1.2.4] come back as they went in', async () => {
    for (const displayName of naughtyStrings) {
      const { status, body } = await app.call('PATCH', '/api/v1/users/me', {
        token: root.accessToken,
        body: { displayName },
      });
      if (status === 200) expect(body.displayName).toBe(displayName);
    }
  });

  it('[V1.2.4] have found no way into the database', async () => {
    const tables = await app.database.superuser.query<{ count: string }>(
      `SELECT count(*) FROM information_schema.tables WHERE table_name = 'users'`,
    );
    expect(tables.rows[0]?.count).toBe('1');
    const { body } = await app.get('/api/v1/users?search=%25&limit=100', {
      token: root.accessToken,
    });
    const found = body.items as { email: string; username: string; displayName: string | null }[];
    for (const user of found) {
      expect(`${user.email}${user.username}${user.displayName}`).toContain('%');
    }
  });
});

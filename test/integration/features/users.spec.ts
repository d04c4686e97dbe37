import { goodPassword, randomName, type SignedIn, TestApp } from '../../support/test-app.js';

describe('Users', () => {
  let app: TestApp;
  let admin: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    admin = await app.administrator();
  });
  afterAll(() => app.close());

  const asAdmin = (method: string, url: string, body?: unknown): ReturnType<TestApp['call']> =>
    app.call(method, url, { token: admin.accessToken, body });

  it('[AC-04][V15.3.1] the own profile can be read and changed, and nothing beyond it', async () => {
    const user = await app.member();
    const change = (body: unknown): ReturnType<TestApp['call']> =>
      app.call('PATCH', '/api/v1/users/me', { token: user.accessToken, body });
    expect((await change({ displayName: 'Ada L.' })).body.displayName).toBe('Ada L.');
    expect((await app.get('/api/v1/users/me', { token: user.accessToken })).body.displayName).toBe(
      'Ada L.',
    );
    expect((await change({ displayName: null })).body.displayName).toBeNull();
    for (const extra of [
      { status: 'disabled' },
      { roles: ['admin'] },
      { emailVerified: true },
      { id: admin.id },
    ]) {
      expect((await change(extra)).status).toBe(400);
    }
    const events = (await app.audit('users.updated')).filter((e) => e['target_id'] === user.id);
    expect(events.map(({ payload }) => payload)).toEqual([
      { changes: { displayName: { before: null, after: 'Ada L.' } } },
      { changes: { displayName: { before: 'Ada L.', after: null } } },
    ]);
  });

  it('[AC-01] administrators create users who can sign in', async () => {
    const name = randomName();
    const created = await asAdmin('POST', '/api/v1/users', {
      email: `${name}@example.com`,
      username: name,
      password: goodPassword,
      roles: ['auditor'],
    });
    expect(created).toMatchObject({
      status: 201,
      body: { roles: ['auditor'], emailVerified: true },
    });
    await app.signIn(created.body.id as string, name);
    expect(
      await asAdmin('POST', '/api/v1/users', {
        email: `x${name}@example.com`,
        username: `x${name}`,
        password: goodPassword,
        roles: ['no-such-role'],
      }),
    ).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/roles', rule: 'unknownRole' }] },
    });
  });

  it('[DA-03] pages through everybody once, in every order', async () => {
    await Promise.all(Array.from({ length: 12 }, () => app.member()));
    const total = (await app.database.superuser.query('SELECT 1 FROM users')).rowCount;
    for (const sort of ['createdAt', '-createdAt', 'email', '-email', 'username', '-username']) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
        const { status, body } = await asAdmin('GET', `/api/v1/users?limit=5&sort=${sort}${query}`);
        expect(status).toBe(200);
        seen.push(
          ...(body.items as Record<string, string>[]).map((item) => item[sort.replace('-', '')]!),
        );
        cursor = body.nextCursor as string | null;
      } while (cursor);
      expect(seen).toHaveLength(total!);
      const sorted = [...seen].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
      expect(seen).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
    }
  });

  it('[AC-01][V1.2.4] searches parts of names literally', async () => {
    const user = await app.member();
    const find = async (search: string): Promise<string[]> => {
      const { body } = await asAdmin(
        'GET',
        `/api/v1/users?limit=100&search=${encodeURIComponent(search)}`,
      );
      return (body.items as { id: string }[]).map(({ id }) => id);
    };
    expect(await find(user.username.toUpperCase().slice(2))).toEqual([user.id]);
    expect(await find('%')).toEqual([]);
    expect(await find('_____')).toEqual([]);
    expect(await find("' OR ''='")).toEqual([]);
    expect(await find('\\')).toEqual([]);
  });

  it('[AC-01] filters by role and status', async () => {
    const user = await app.member();
    await asAdmin('PATCH', `/api/v1/users/${user.id}`, { status: 'disabled' });
    const { body } = await asAdmin('GET', '/api/v1/users?limit=100&status=disabled&role=member');
    const items = body.items as { id: string; status: string }[];
    expect(items.map(({ id }) => id)).toContain(user.id);
    expect(items.every(({ status }) => status === 'disabled')).toBe(true);
    const admins = await asAdmin('GET', '/api/v1/users?limit=100&role=admin');
    expect((admins.body.items as { id: string }[]).map(({ id }) => id)).toEqual([admin.id]);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=1e1',
    'limit=01',
    'limit= 5',
    'limit=5&limit=6',
    'limit=',
    'sort=password_hash',
    'status=x',
    'cursor=%21',
    'nope=1',
    'search=',
  ])('[PE-06][V15.3.5] the query %s is refused with its field', async (query) => {
    const { status, body } = await asAdmin('GET', `/api/v1/users?${query}`);
    expect(status).toBe(400);
    expect(body.errors[0].pointer).toBe(`/query/${query.split('=')[0]}`);
  });

  it('[V7.4.2][ID-08] disabling ends every session at once, and enabling does not bring them back', async () => {
    const user = await app.member();
    await app.get('/api/v1/users/me', { token: user.accessToken });
    expect(
      (await asAdmin('PATCH', `/api/v1/users/${user.id}`, { status: 'disabled' })).status,
    ).toBe(200);
    const me = (): ReturnType<TestApp['get']> =>
      app.get('/api/v1/users/me', { token: user.accessToken });
    expect((await me()).status).toBe(401);
    const refresh = { refreshToken: user.refreshToken };
    expect((await app.post('/api/v1/auth/refresh', refresh)).status).toBe(401);
    await asAdmin('PATCH', `/api/v1/users/${user.id}`, { status: 'active' });
    expect((await me()).status).toBe(401);
    expect((await app.signIn(user.id, user.username)).accessToken).toBeTruthy();
  });

  it('[AC-04] what does not exist answers 404, what is no id 400', async () => {
    const missing = '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10';
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { displayName: 'x' }],
      ['PUT', '/roles', { roles: ['member'] }],
    ] as const) {
      expect((await asAdmin(method, `/api/v1/users/${missing}${path}`, body)).status).toBe(404);
      expect((await asAdmin(method, `/api/v1/users/nonsense${path}`, body)).status).toBe(400);
    }
  });

  it("[AU-01] reading somebody's record, and the list, is an audit event", async () => {
    const user = await app.member();
    await asAdmin('GET', `/api/v1/users/${user.id}`);
    const read = (await app.audit('users.read')).at(-1);
    expect(read).toMatchObject({ actor_id: admin.id, target_id: user.id, actor_kind: 'user' });
    await asAdmin('GET', '/api/v1/users?search=secret-name');
    const listed = (await app.audit('users.listed')).at(-1);
    expect(listed).toMatchObject({ payload: { search: true, results: 0 } });
  });
});

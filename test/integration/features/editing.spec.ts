import { type Answer, type Call, type SignedIn, TestApp } from '../../support/test-app.js';

describe('An edit of what somebody has read', () => {
  let app: TestApp;
  let admin: SignedIn;
  let user: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    admin = await app.administrator();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    user = await app.member();
  });

  const call = (method: string, url: string, options: Call = {}): Promise<Answer> =>
    app.call(method, `/api/v1/${url}`, { token: admin.accessToken, ...options });
  const tagOf = async (url: string, options?: Call): Promise<string> =>
    (await call('GET', url, options)).headers['etag']!;
  const onlyIf = (tag: string): Record<string, string> => ({ 'if-match': tag });
  const role = async (): Promise<string> => {
    const name = `role-${user.username}`;
    await call('POST', 'roles', { body: { name, description: 'One', permissions: [] } });
    return `roles/${name}`;
  };

  it('[PE-12] sixteen at once with one ETag: one is done, the others hear of the change', async () => {
    const url = `users/${user.id}`;
    const headers = onlyIf(await tagOf(url));
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        call('PATCH', url, { headers, body: { displayName: `Name ${n}` } }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(15).fill(412)]);
    const done = answers.find(({ status }) => status === 200)!;
    const now = await call('GET', url);
    expect(now.body).toEqual(done.body);
    expect(now.headers['etag']).toBe(done.headers['etag']); // so that one edit may follow another
    const told = (await app.audit('users.updated')).filter((e) => e['target_id'] === user.id);
    expect(told).toHaveLength(1);
  });

  it('[PE-12] of a user: profile, roles and deletion, by others', async () => {
    const url = `users/${user.id}`;
    const old = await tagOf(url);
    const roles = { body: { roles: ['member', 'auditor'] } };
    expect((await call('PUT', `${url}/roles`, { ...roles, headers: onlyIf(old) })).status).toBe(
      200,
    );
    const late = [
      await call('PATCH', url, { headers: onlyIf(old), body: { displayName: 'X' } }),
      await call('PUT', `${url}/roles`, { headers: onlyIf(old), body: { roles: ['member'] } }),
      await call('DELETE', url, { headers: onlyIf(old) }),
    ];
    for (const { status, body } of late) {
      expect([status, body.code]).toEqual([412, 'resource.changed']);
    }
    expect((await call('DELETE', url, { headers: onlyIf(await tagOf(url)) })).status).toBe(204);
  });

  it('[PE-12] of oneself', async () => {
    const own = { token: user.accessToken };
    const tag = await tagOf('users/me', own);
    const edit = (displayName: string, ifMatch: string): Promise<Answer> =>
      call('PATCH', 'users/me', { ...own, headers: onlyIf(ifMatch), body: { displayName } });
    const first = await edit('Ada', tag);
    expect(first.status).toBe(200);
    expect((await edit('Bea', tag)).body.code).toBe('resource.changed');
    expect((await edit('Bea', first.headers['etag']!)).status).toBe(200);
    expect((await call('DELETE', 'users/me', { ...own, headers: onlyIf(tag) })).status).toBe(412);
    const now = await tagOf('users/me', own);
    expect((await call('DELETE', 'users/me', { ...own, headers: onlyIf(now) })).status).toBe(204);
  });

  it('[PE-12] of a role', async () => {
    const url = await role();
    const tag = await tagOf(url);
    const edit = { headers: onlyIf(tag), body: { description: 'Two' } };
    expect((await call('PATCH', url, edit)).status).toBe(200);
    expect((await call('PATCH', url, edit)).body.code).toBe('resource.changed');
    expect((await call('DELETE', url, { headers: onlyIf(tag) })).status).toBe(412);
    expect((await call('DELETE', url, { headers: onlyIf(await tagOf(url)) })).status).toBe(204);
  });

  it.each([
    ['any', '*', 200],
    ['one of several', '"x", TAG', 200],
    ['a weakened tag, which proves nothing', 'W/TAG', 412],
    ['no tag', 'nonsense', 412],
    ['an empty list', '', 412],
  ])('[PE-12] If-Match with %s', async (_name, list, status) => {
    const url = await role();
    const headers = onlyIf(list.replace('TAG', await tagOf(url)));
    expect((await call('PATCH', url, { headers, body: { description: 'x' } })).status).toBe(status);
  });

  it('[PE-12] tells nobody without rights whether it has changed', async () => {
    const own = { token: user.accessToken, headers: onlyIf('"x"'), body: { displayName: 'x' } };
    expect((await call('PATCH', `users/${admin.id}`, own)).status).toBe(403);
    const nobody = '01a1fc6a-42df-73f1-bc6e-f674eb3ec02a';
    const edit = { headers: onlyIf('*'), body: { displayName: 'x' } };
    expect((await call('PATCH', `users/${nobody}`, edit)).status).toBe(404);
  });

  it('[PE-12][V14.3.2] a read of what is there already has no body, and nobody may store either', async () => {
    const own = { token: user.accessToken };
    const first = await call('GET', 'users/me', own);
    const tag = first.headers['etag']!;
    for (const held of [tag, `W/${tag}`, `"x", ${tag}`]) {
      const again = await call('GET', 'users/me', { ...own, headers: { 'if-none-match': held } });
      expect([again.status, again.body, again.headers['etag']]).toEqual([304, '', tag]);
      expect(again.headers).toMatchObject({
        'cache-control': 'no-store',
        ratelimit: expect.any(String),
      });
      expect(again.headers).not.toHaveProperty('content-type');
    }
    await call('PATCH', 'users/me', { ...own, body: { displayName: 'New' } });
    const now = await call('GET', 'users/me', { ...own, headers: { 'if-none-match': tag } });
    expect(now).toMatchObject({ status: 200, body: { displayName: 'New' } });
    const signedOut = { headers: { 'if-none-match': tag }, token: 'x' };
    expect((await call('GET', 'users/me', signedOut)).status).toBe(401);
  });
});

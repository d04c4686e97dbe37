import { randomBytes } from 'node:crypto';

import { expectProblem } from '../../security/support/problem.js';
import { randomName, TestApp } from '../../support/test-app.js';

describe('The demo sign-in', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  const signIn = (): ReturnType<TestApp['post']> => app.post('/api/v1/auth/demo', undefined);

  it('[ID-11] signs in as one member whom 16 first calls at once make', async () => {
    const answers = await Promise.all(Array.from({ length: 16 }, signIn));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    const { accessToken: token } = (await signIn()).body as { accessToken: string };
    const me = await app.get('/api/v1/users/me', { token });
    expect(me.body).toMatchObject({ username: 'demo', roles: ['member'], displayName: 'Demo' });
    const { rows } = await app.database.superuser.query('SELECT FROM users');
    expect(rows).toHaveLength(1);
    expect((await app.audit('auth.signed_in')).at(-1)).toMatchObject({
      target_id: me.body.id,
      payload: { method: 'demo' },
    });
  });

  it('[ID-11] is not to be had by registering the name', async () => {
    const password = 'a ship in port is safe';
    const answer = await app.post('/api/v1/auth/register', {
      email: `${randomName()}@example.com`,
      username: 'Demo',
      password,
      passwordConfirmation: password,
    });
    expect(answer.body.errors).toMatchObject([{ pointer: '/username', rule: 'reserved' }]);
  });

  it('[ID-11] ends when an administrator disables the user', async () => {
    const { accessToken: token } = await app.administrator();
    await signIn();
    const { body } = await app.get('/api/v1/users?search=demo', { token });
    const url = `/api/v1/users/${body.items[0].id}`;
    await app.call('PATCH', url, { token, body: { status: 'disabled' } });
    expectProblem(await signIn(), 'demo.disabled');
  });

  it('[ID-11] does not exist in production', async () => {
    const production = await TestApp.start({
      database: app.database,
      masterKey: app.masterKey,
      env: {
        NODE_ENV: 'production',
        PUBLIC_URL: 'https://gatehouse.example.com',
        DATABASE_URL: app.database.serviceUrl,
        MASTER_KEY: randomBytes(32).toString('base64'),
        EMAIL_VERIFICATION: 'optional',
      },
    });
    expectProblem(await production.post('/api/v1/auth/demo', undefined), 'http.not_found');
    await production.close();
  });
});

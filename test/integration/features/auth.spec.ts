import { PasswordHasher } from '../../../src/platform/passwords/index.js';
import { goodPassword, randomName, TestApp } from '../../support/test-app.js';

const registration = (name: string): Record<string, string> => ({
  email: `${name}@example.com`,
  username: name,
  password: goodPassword,
  passwordConfirmation: goodPassword,
});

describe('Registering and signing in', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  const login = (identifier: string, password = goodPassword): ReturnType<TestApp['post']> =>
    app.post('/api/v1/auth/login', { identifier, password });

  it('[ID-01] 16 parallel registrations of one address make one account', async () => {
    const name = randomName();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        app.post('/api/v1/auth/register', {
          ...registration(`${name}${index}`),
          email: index % 2 ? `${name}@Example.com` : `${name.toUpperCase()}@example.com`,
        }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.every(({ body }) => body.code === 'users.email_taken')).toBe(true);
  });

  it('[ID-01] a username is taken in any case', async () => {
    const name = randomName();
    expect((await app.post('/api/v1/auth/register', registration(name))).status).toBe(201);
    const again = await app.post('/api/v1/auth/register', {
      ...registration(name.toUpperCase()),
      email: `other-${name}@example.com`,
    });
    expect(again).toMatchObject({ status: 409, body: { code: 'users.username_taken' } });
  });

  it('[ID-01][V15.3.3] a new account has the default role, whatever is asked for', async () => {
    const asked = await app.post('/api/v1/auth/register', {
      ...registration(randomName()),
      roles: ['admin'],
    });
    expect(asked).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/roles', rule: 'unknownField' }] },
    });
    const created = await app.post('/api/v1/auth/register', registration(randomName()));
    expect(created.body).toMatchObject({ roles: ['member'], emailVerified: false });
    expect(JSON.stringify(created.body)).not.toMatch(/password|hash|argon/i);
  });

  it('[ID-01][ID-05][V6.2.1] names the field and the rule that a registration breaks', async () => {
    const base = registration(randomName());
    const broken: [Record<string, unknown>, string, string][] = [
      [{ email: 'nobody' }, '/email', 'isEmail'],
      [{ username: 'a b c' }, '/username', 'username'],
      [{ passwordConfirmation: 'something else' }, '/passwordConfirmation', 'equals'],
      [{ password: 'short', passwordConfirmation: 'short' }, '/password', 'minLength'],
      [
        { password: '123456789012345', passwordConfirmation: '123456789012345' },
        '/password',
        'sequence',
      ],
    ];
    for (const [change, pointer, rule] of broken) {
      const { status, body } = await app.post('/api/v1/auth/register', { ...base, ...change });
      expect({ status, errors: body.errors }).toEqual({
        status: 400,
        errors: expect.arrayContaining([expect.objectContaining({ pointer, rule })]),
      });
    }
  });

  it('[ID-01] registration can be closed', async () => {
    const closed = await TestApp.start({
      env: { REGISTRATION_MODE: 'closed' },
      database: app.database,
      masterKey: app.masterKey,
    });
    const answer = await closed.post('/api/v1/auth/register', registration(randomName()));
    expect(answer).toMatchObject({ status: 403, body: { code: 'auth.registration_closed' } });
    await closed.close();
  });

  it('[ID-03] signs in by address or username and remembers when', async () => {
    const user = await app.member();
    for (const identifier of [user.email, user.email.toUpperCase(), user.username]) {
      const { status, body } = await login(identifier);
      expect(status).toBe(200);
      expect(body).toEqual({
        accessToken: expect.any(String),
        tokenType: 'Bearer',
        expiresIn: 3600,
        refreshToken: expect.any(String),
      });
    }
  });

  it('[ID-03][V6.3.8] every failure is the same answer, and the audit trail knows which', async () => {
    const admin = await app.administrator();
    const disabled = await app.member();
    await app.call('PATCH', `/api/v1/users/${disabled.id}`, {
      token: admin.accessToken,
      body: { status: 'disabled' },
    });
    const known = await app.member();
    const answers = [
      await login(`${randomName()}@example.com`),
      await login('not even possible as a name'),
      await login(known.email, 'not the right password'),
      await login(disabled.email),
    ];
    const [first, ...others] = answers.map(({ status, body, headers }) => ({
      status,
      body: { ...body, requestId: '' },
      headers: Object.keys(headers).sort(),
    }));
    expect(first).toMatchObject({ status: 401, body: { code: 'auth.invalid_credentials' } });
    for (const other of others) expect(other).toEqual(first);
    const reasons = (await app.audit('auth.sign_in_refused'))
      .slice(-4)
      .map(({ payload, outcome }) => [(payload as { reason: string }).reason, outcome]);
    expect(reasons).toEqual([
      ['unknown_identifier', 'failure'],
      ['unknown_identifier', 'failure'],
      ['wrong_password', 'failure'],
      ['disabled', 'failure'],
    ]);
  });

  it('[ID-03] an unverified address does not sign in where verification is required', async () => {
    const strict = await TestApp.start({
      env: { EMAIL_VERIFICATION: 'required' },
      database: app.database,
      masterKey: app.masterKey,
    });
    const name = randomName();
    await strict.post('/api/v1/auth/register', registration(name));
    const credentials = { identifier: name, password: goodPassword };
    expect((await strict.post('/api/v1/auth/login', credentials)).status).toBe(401);
    await app.database.superuser.query(
      'UPDATE users SET email_verified_at = now() WHERE username_key = $1',
      [name],
    );
    expect((await strict.post('/api/v1/auth/login', credentials)).status).toBe(200);
    await strict.close();
  });

  it('[ID-03][V6.3.8] an unknown user costs the same work as a wrong password', async () => {
    const user = await app.member();
    const verify = jest.spyOn(app.app.get(PasswordHasher)['preferred'], 'verify');
    await login(user.username, 'not the right password');
    await login(randomName(), 'not the right password');
    expect(verify).toHaveBeenCalledTimes(2);
    const parameters = verify.mock.calls.map(([hash]) => hash.split('$').slice(1, 4));
    expect(parameters[0]).toEqual(parameters[1]);
    verify.mockRestore();
  });

  it('[ID-04][V11.4.2] stores Argon2id with OWASP parameters', async () => {
    const user = await app.member();
    const { rows } = await app.database.superuser.query<{ password_hash: string }>(
      'SELECT password_hash FROM users WHERE id = $1',
      [user.id],
    );
    expect(rows[0]!.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('[ID-04] renews an older hash at sign-in, once, and says so in the audit trail', async () => {
    const withBcrypt = await TestApp.start({
      env: { PASSWORD_HASH_ALGORITHM: 'bcrypt' },
      database: app.database,
      masterKey: app.masterKey,
    });
    const user = await withBcrypt.member();
    const hash = async (): Promise<string> => {
      const { rows } = await app.database.superuser.query<{ password_hash: string }>(
        'SELECT password_hash FROM users WHERE id = $1',
        [user.id],
      );
      return rows[0]!.password_hash;
    };
    expect(await hash()).toMatch(/^\$2b\$12\$/);
    await Promise.all([login(user.username), login(user.username)]);
    expect(await hash()).toMatch(/^\$argon2id\$/);
    const renewals = (await app.audit('auth.password_rehashed')).filter(
      (e) => e['target_id'] === user.id,
    );
    expect(renewals).toHaveLength(1);
    expect((await login(user.username)).status).toBe(200);
    await withBcrypt.close();
  });

  it('[ID-04][F11] 200 parallel sign-ins: each is answered, and health goes on answering', async () => {
    const user = await app.member();
    let pending = 200;
    const logins = Array.from({ length: pending }, () =>
      login(user.username).finally(() => pending--),
    );
    let probesDuring = 0;
    while (pending > 0) {
      expect((await app.get('/health/live')).status).toBe(200);
      probesDuring++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const statuses = new Set((await Promise.all(logins)).map(({ status }) => status));
    expect(statuses).toContain(200);
    // On a busy machine some are turned away in time; none fails in another way.
    for (const status of statuses) expect([200, 503, 504]).toContain(status);
    expect(probesDuring).toBeGreaterThan(10);
  });

  it('[ID-04] more hashes than may wait are turned away with 503', async () => {
    const narrow = await TestApp.start({
      env: { PASSWORD_HASH_CONCURRENCY: '1', PASSWORD_HASH_QUEUE_LIMIT: '2' },
      database: app.database,
      masterKey: app.masterKey,
    });
    const answers = await Promise.all(
      Array.from({ length: 12 }, () =>
        narrow.post('/api/v1/auth/login', { identifier: randomName(), password: goodPassword }),
      ),
    );
    const turnedAway = answers.filter(({ status }) => status === 503);
    expect(turnedAway.length).toBeGreaterThan(0);
    expect(turnedAway[0]).toMatchObject({
      headers: { 'retry-after': expect.any(String) },
      body: { code: 'server.overloaded' },
    });
    expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(3);
    await narrow.close();
  });

  it('[OB-02] counts attempts by outcome', async () => {
    await login(randomName());
    const { body } = await app.get('/metrics');
    expect(body).toMatch(/auth_attempts_total\{status="success",type="login"\} \d+/);
    expect(body).toMatch(/auth_attempts_total\{status="failure",type="login"\} \d+/);
    expect(body).toMatch(/auth_attempts_total\{status="success",type="register"\} \d+/);
  });
});

import { randomUUID } from 'node:crypto';

import { Idempotency } from '../../../src/platform/idempotency/index.js';
import { eventually } from '../../support/processes.js';
import {
  type Answer,
  type Call,
  goodPassword,
  randomName,
  type SignedIn,
  TestApp,
} from '../../support/test-app.js';

/** A body that makes a user. */
function person(name = randomName()): Record<string, string> {
  return { email: `${name}@example.com`, username: name, password: goodPassword };
}

describe('A request that is repeated with its Idempotency-Key', () => {
  let app: TestApp;
  let other: TestApp;
  let admin: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    const { database, masterKey } = app;
    other = await TestApp.start({ database, masterKey }); // a second instance
    admin = await app.administrator();
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });

  interface Options extends Call {
    at?: TestApp;
    token?: string;
  }
  const post = (
    url: string,
    key: string,
    body: unknown,
    { at = app, token = admin.accessToken, headers }: Options = {},
  ): Promise<Answer> =>
    at.post(`/api/v1/${url}`, body, { token, headers: { 'idempotency-key': key, ...headers } });
  const sql = async (text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> =>
    (await app.database.superuser.query<Record<string, unknown>>(text, values)).rows;
  const count = async (text: string, ...values: unknown[]): Promise<number> =>
    Number((await sql(`SELECT count(*) AS n ${text}`, ...values))[0]!['n']);
  const usersCalled = ({ username }: Record<string, string>): Promise<number> =>
    count('FROM users WHERE username = $1', username);

  it('[PE-10] is done once and gets the first answer, on every instance', async () => {
    const body = person();
    const key = randomUUID();
    const first = await post('users', key, body);
    expect(first.status).toBe(201);
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    for (const at of [app, other, app]) {
      const again = await post('users', `"${key}"`, body, { at }); // quoted as in the draft
      expect(again).toMatchObject({ status: 201, body: first.body });
      expect(again.headers).toMatchObject({
        'idempotency-replayed': 'true',
        'content-type': first.headers['content-type'],
        'cache-control': 'no-store',
      });
      expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    }
    expect(await usersCalled(body)).toBe(1);
    const told = (await app.audit('users.created')).filter((e) => e['target_id'] === first.body.id);
    expect(told).toHaveLength(1);
  });

  it('[PE-10] sixteen at once, on two instances, make one user and all hear of it', async () => {
    const body = person();
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => post('users', key, body, { at: n % 2 ? app : other })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ body: { id } }) => id as string)).size).toBe(1);
    const replayed = answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true');
    expect(replayed).toHaveLength(15);
    expect(await usersCalled(body)).toBe(1);
  });

  it('[PE-10] with another body, query or route is refused', async () => {
    const key = randomUUID();
    const name = `role-${randomUUID().slice(0, 8)}`;
    const role = { name, description: 'One', permissions: [] };
    expect((await post('roles', key, role)).status).toBe(201);
    for (const [url, body] of [
      ['roles', { ...role, description: 'Two' }],
      ['roles', JSON.stringify(role, null, 1)], // other bytes may mean something else to a parser
      ['roles?x=1', role],
      ['users', role],
    ] as const) {
      const refused = await post(url, key, body);
      expect(refused).toMatchObject({ status: 422, body: { code: 'idempotency.key_reused' } });
    }
    expect((await post('roles', key, role)).status).toBe(201);
  });

  it('[PE-10] belongs to its caller: nobody else finds the answer or is hindered', async () => {
    const key = randomUUID();
    const body = person();
    const { body: mine } = await post('users', key, body);
    const second = await app.administrator();
    const theirs = await post('users', key, person(), { token: second.accessToken });
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(mine.id);
    const same = await post('users', key, body, { token: (await app.administrator()).accessToken });
    expect(same).toMatchObject({ status: 409, body: { code: 'users.email_taken' } });
    const member = await app.member();
    expect((await post('users', key, body, { token: member.accessToken })).status).toBe(403);
    expect((await post('users', key, body, { token: 'nobody' })).status).toBe(401);
  });

  it('[PE-10] works on after signing in anew, and with an API key on its own', async () => {
    const key = randomUUID();
    const body = person();
    const first = await post('users', key, body);
    const later = await app.signIn(admin.id, admin.username);
    expect((await post('users', key, body, { token: later.accessToken })).body).toEqual(first.body);
    const made = await post('api-keys', randomUUID(), { name: 'x', scopes: ['users.create'] });
    const headers = { 'x-api-key': made.body.key as string, 'idempotency-key': key };
    const call = (text: unknown): Promise<Answer> => app.post('/api/v1/users', text, { headers });
    expect((await call(body)).body.code).toBe('users.email_taken'); // another client, so not replayed
    const own = person();
    headers['idempotency-key'] = randomUUID();
    expect((await call(own)).body).toEqual((await call(own)).body);
    expect(await usersCalled(own)).toBe(1);
  });

  it('[PE-10] gets a refusal that is final again, and one that may pass judged anew', async () => {
    const key = randomUUID();
    const body = person();
    await post('users', randomUUID(), body);
    expect((await post('users', key, body)).body.code).toBe('users.email_taken');
    const again = await post('users', key, body);
    expect(again).toMatchObject({ status: 409, body: { code: 'users.email_taken' } });
    expect(again.headers['idempotency-replayed']).toBe('true');
    const wrong = randomUUID();
    expect((await post('users', wrong, { ...body, email: 'x' })).body.code).toBe(
      'validation.failed',
    );
    expect((await post('users', wrong, person())).status).toBe(201); // mended under the same key
  });

  it.each([
    ['two keys', 'a, b'],
    ['nothing', ''],
    ['too long', 'k'.repeat(256)],
  ])('[PE-10] with %s names the header', async (_name, key) => {
    const { status, body } = await post('users', key, person());
    expect([status, body.errors[0].pointer]).toEqual([400, '/header/Idempotency-Key']);
  });

  it('[PE-10][V11.3.3] leaves nothing readable in the database', async () => {
    const key = randomUUID();
    const body = person();
    await post('users', key, body);
    const rows = await sql('SELECT * FROM idempotency_keys');
    const bytes = rows.map((row) =>
      Buffer.concat(Object.values(row).filter((v): v is Buffer => Buffer.isBuffer(v))),
    );
    const text = Buffer.concat(bytes).toString('latin1');
    for (const secret of [key, body['email']!, goodPassword]) expect(text).not.toContain(secret);
  });

  it('[PE-10] a secret is not given twice, and not made twice', async () => {
    const key = randomUUID();
    const body = { name: 'nightly', scopes: ['users.read'] };
    expect((await post('api-keys', key, body)).body.key).toMatch(/./);
    const before = await count('FROM api_keys WHERE user_id = $1', admin.id);
    expect(await post('api-keys', key, body)).toMatchObject({
      status: 409,
      body: { code: 'idempotency.answer_gone' },
    });
    expect(await count('FROM api_keys WHERE user_id = $1', admin.id)).toBe(before);
  });

  it('[PE-10] a stranger registers once, and sees an answer to the whole request only', async () => {
    const key = randomUUID();
    const body = { ...person(), passwordConfirmation: goodPassword };
    const register = (text: object): Promise<Answer> =>
      app.post('/api/v1/auth/register', text, { headers: { 'idempotency-key': key } });
    const first = await register(body);
    expect(first.status).toBe(201);
    expect(await register(body)).toMatchObject({ status: 201, body: first.body });
    const guess = {
      ...body,
      password: 'another password',
      passwordConfirmation: 'another password',
    };
    expect((await register(guess)).body.code).toBe('idempotency.key_reused');
  });

  describe('whose first request', () => {
    /** The state in which a process that died leaves a key. */
    const died = (where: string): Promise<unknown> =>
      sql(`UPDATE idempotency_keys SET answer = NULL, leased_until = now(), done = ${where}
           WHERE created_at = (SELECT max(created_at) FROM idempotency_keys)`);

    it('[PE-10] died before it committed anything: is done', async () => {
      const body = person();
      const key = randomUUID();
      await post('users', key, { ...person(), email: 'x' });
      await post('users', key, body);
      await sql('DELETE FROM users WHERE username = $1', body['username']);
      await died('false');
      expect((await post('users', key, body)).status).toBe(201);
      expect(await usersCalled(body)).toBe(1);
    });

    it('[PE-10] died between its commit and its answer: is not done again', async () => {
      const body = person();
      const key = randomUUID();
      await post('users', key, body);
      await died('true');
      expect(await post('users', key, body)).toMatchObject({
        status: 409,
        body: { code: 'idempotency.answer_gone' },
      });
    });

    it('[PE-10] is slow and loses its key: it cannot commit what somebody else has done', async () => {
      const body = person();
      const key = randomUUID();
      await app.database.superuser.query('BEGIN; LOCK TABLE audit_events IN EXCLUSIVE MODE');
      const slow = post('users', key, body);
      await eventually(async () =>
        expect(
          await count(`FROM pg_locks WHERE NOT granted AND relation = 'audit_events'::regclass`),
        ).toBe(1),
      );
      await sql(`UPDATE idempotency_keys SET holder = gen_random_uuid() WHERE NOT done`);
      await app.database.superuser.query('COMMIT');
      expect((await slow).body.code).toBe('idempotency.in_progress');
      expect(await usersCalled(body)).toBe(0);
      await sql(`UPDATE idempotency_keys SET leased_until = now() WHERE NOT done`);
      expect((await post('users', key, body)).status).toBe(201);
    });

    it('[PE-10] is not done in time: says when to come again, and few may wait', async () => {
      const body = person();
      const key = randomUUID();
      await post('users', key, body);
      await sql(`UPDATE idempotency_keys SET answer = NULL, done = false, leased_until = now() + interval '9 s'
                 WHERE created_at = (SELECT max(created_at) FROM idempotency_keys)`);
      const [waited, ...others] = await Promise.all(
        Array.from({ length: 150 }, () => post('users', key, body)),
      );
      expect(new Set(others.map((answer) => answer.body.code))).toEqual(
        new Set(['idempotency.in_progress']),
      );
      expect(waited).toMatchObject({ status: 409, body: { code: 'idempotency.in_progress' } });
      expect(Number(waited!.headers['retry-after'])).toBeGreaterThan(0);
    });
  });

  it('[PE-10] is forgotten after a day, and the clock removes it', async () => {
    const body = { name: `role-${randomUUID().slice(0, 8)}`, description: 'x', permissions: [] };
    const key = randomUUID();
    await post('roles', key, body);
    await sql(`UPDATE idempotency_keys SET expires_at = now()`);
    expect((await post('roles', key, body)).body.code).toBe('roles.name_taken');
    await sql(`UPDATE idempotency_keys SET expires_at = now()`);
    await app.app.get(Idempotency).cleanUp();
    expect(await count('FROM idempotency_keys')).toBe(0);
  });

  it('[PE-10] a caller cannot fill the store: the newest 10,000 keys stay', async () => {
    await post('users', randomUUID(), { ...person(), email: 'x' });
    const [{ scope } = {}] = await sql(`
      INSERT INTO idempotency_keys (scope, key_hash, fingerprint, holder, leased_until, created_at, expires_at)
      SELECT '\\x01', decode(lpad(to_hex(n), 8, '0'), 'hex'), '\\x', gen_random_uuid(), now(),
             now() - n * interval '1 second', now() + interval '1 day'
      FROM generate_series(1, 10500) AS n RETURNING scope`);
    await app.app.get(Idempotency)['keys'].keepNewest(scope as Buffer, 10_000);
    expect(await count(`FROM idempotency_keys WHERE scope = '\\x01'`)).toBe(10_000);
    expect(
      await count(`FROM idempotency_keys WHERE scope = '\\x01'
                   AND created_at < now() - interval '10002 s'`),
    ).toBe(0);
  });

  it('[PE-10][ID-14] goes with its user, who can see that something is kept', async () => {
    const user = await app.administrator();
    await post(
      'roles',
      randomUUID(),
      { name: `r-${randomUUID().slice(0, 8)}`, description: 'x', permissions: [] },
      { token: user.accessToken },
    );
    const file = await app.get('/api/v1/users/me/export', { token: user.accessToken });
    expect(file.body.data.idempotencyKeys).toMatchObject({ keys: 1, until: expect.any(String) });
    await sql('DELETE FROM users WHERE id = $1', user.id);
    expect(await count('FROM idempotency_keys WHERE user_id = $1', user.id)).toBe(0);
  });

  it('[PE-10] without a key nothing is written', async () => {
    await app.app.get(Idempotency).cleanUp();
    const before = await count('FROM idempotency_keys');
    const body = person();
    const send = (): Promise<Answer> =>
      app.post('/api/v1/users', body, { token: admin.accessToken });
    expect([(await send()).status, (await send()).status]).toEqual([201, 409]);
    expect(await count('FROM idempotency_keys')).toBe(before);
  });
});

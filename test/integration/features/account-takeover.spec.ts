import { Authenticator } from '../../support/authenticator.js';
import { Mailbox } from '../../support/mailbox.js';
import { eventually } from '../../support/processes.js';
import { type Answer, goodPassword, type SignedIn, TestApp } from '../../support/test-app.js';

jest.setTimeout(60_000);

const ownersPassword = 'the tide waits for nobody';
const passwords = { password: ownersPassword, passwordConfirmation: ownersPassword };

/** A stranger has the password, or made the account; the owner of the address comes for it. */
describe('An account that its owner takes back', () => {
  let app: TestApp;
  let mailbox: Mailbox;
  let admin: SignedIn;
  let ada: SignedIn;

  beforeAll(async () => {
    mailbox = await Mailbox.start();
    const SMTP_URL = `smtp://127.0.0.1:${mailbox.port}?tls=never`;
    app = await TestApp.start({ env: { PROCESS_ROLES: 'api,worker', SMTP_URL } });
    admin = await app.administrator();
  });
  afterAll(async () => {
    await app.close();
    await mailbox.close();
  });
  beforeEach(async () => {
    ada = await app.member();
  });

  const auth = (path: string, body: unknown, token?: string): Promise<Answer> =>
    app.post(`/api/v1/auth/${path}`, body, token === undefined ? {} : { token });
  const linkOf = async (address: string, subject: string): Promise<string> => {
    const found = (): string | undefined =>
      mailbox.to(address).findLast((mail) => mail.subject === subject)?.token;
    await eventually(() => expect(found()).toBeDefined(), 20_000);
    return found()!;
  };
  const sql = (text: string): Promise<{ rows: unknown[] }> =>
    app.database.superuser.query(text, [ada.id]);
  const confirmed = (): Promise<unknown> =>
    sql('UPDATE users SET email_verified_at = now() WHERE id = $1');
  const resetLink = async (): Promise<string> => {
    await auth('password/forgot', { email: ada.email });
    return linkOf(ada.email, 'Set a new password');
  };
  const reset = async (): Promise<void> => {
    const answer = await auth('password/reset', { token: await resetLink(), ...passwords });
    expect(answer.status).toBe(204);
  };
  const account = async (): Promise<Record<string, unknown>> =>
    (await app.get(`/api/v1/users/${ada.id}`, { token: admin.accessToken })).body;
  const setStatus = (status: string): Promise<Answer> =>
    app.call('PATCH', `/api/v1/users/${ada.id}`, { token: admin.accessToken, body: { status } });

  it('[ID-02][V6.4.3] a reset ends the change of address that was asked for with the old password', async () => {
    await confirmed();
    const address = `thief-${ada.email}`;
    expect((await auth('email/change', { email: address }, ada.accessToken)).status).toBe(202);
    const token = await linkOf(address, 'Confirm your new address');
    await reset();
    expect((await auth('email/verify', { token })).body.code).toBe('auth.invalid_link');
    expect((await account())['email']).toBe(ada.email);
  });

  it('[ID-02] a change of the password by its owner ends it, too', async () => {
    const address = `thief-${ada.email}`;
    await auth('email/change', { email: address }, ada.accessToken);
    const token = await linkOf(address, 'Confirm your new address');
    const request = { currentPassword: goodPassword, ...passwords };
    expect((await auth('password/change', request, ada.accessToken)).status).toBe(204);
    expect((await auth('email/verify', { token })).status).toBe(403);
  });

  it('[ID-02] a reset is not undone by who knew the password and asks at the same moment', async () => {
    await confirmed();
    const token = await resetLink();
    const thief = {
      password: 'mine for ever and ever',
      passwordConfirmation: 'mine for ever and ever',
    };
    const request = { currentPassword: goodPassword, ...thief };
    await app.database.superuser.query('BEGIN');
    await sql('SELECT 1 FROM users WHERE id = $1 FOR UPDATE');
    const answers = [auth('password/reset', { token, ...passwords })];
    await waiting(1);
    answers.push(auth('password/change', request, ada.accessToken));
    await waiting(2);
    await app.database.superuser.query('COMMIT');
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual([204, 401]);
    const login = { identifier: ada.username, password: ownersPassword };
    expect((await auth('login', login)).status).toBe(200);
  });

  it('[ID-02] resets, changes and links at once end in no error of the service', async () => {
    await confirmed();
    const token = await resetLink();
    await auth('email/change', { email: `new-${ada.email}` }, ada.accessToken);
    const link = await linkOf(`new-${ada.email}`, 'Confirm your new address');
    const request = { currentPassword: goodPassword, ...passwords };
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        [
          () => auth('password/reset', { token, ...passwords }),
          () => auth('email/verify', { token: link }),
          () => auth('password/change', request, ada.accessToken),
          () => auth('email/change', { email: `new-${ada.email}` }, ada.accessToken),
        ][index % 4]!(),
      ),
    );
    for (const { status } of answers) expect(status).toBeLessThan(500);
  });

  it('[ID-02] a link works for the address that it was sent to', async () => {
    await confirmed();
    const token = await resetLink();
    // As by a job that read the address just before it changed.
    await sql(
      `UPDATE users SET email = 'n-' || email, email_key = 'n-' || email_key WHERE id = $1`,
    );
    const answer = await auth('password/reset', { token, ...passwords });
    expect(answer.body.code).toBe('auth.invalid_link');
  });

  it('[ID-01][ID-02] a stranger who registered with the address keeps no way in, and no lock before it', async () => {
    const created = await app.post(
      '/api/v1/api-keys',
      { name: 'Trojan', scopes: [] },
      { token: ada.accessToken },
    );
    const key = { headers: { authorization: `ApiKey ${created.body.key}` } };
    await Authenticator.enrol(app, ada);
    expect((await app.get('/api/v1/users/me', key)).status).toBe(200);
    await reset();
    expect((await app.get('/api/v1/users/me', key)).status).toBe(401);
    const { body } = await auth('login', { identifier: ada.email, password: ownersPassword });
    expect(body.mfaRequired).toBeUndefined();
    const me = await app.get('/api/v1/users/me', { token: body.accessToken as string });
    expect(me.body.emailVerified).toBe(true);
  });

  it('[ID-02] whose address was confirmed keeps keys and the second factor', async () => {
    await confirmed();
    const created = await app.post(
      '/api/v1/api-keys',
      { name: 'Mine', scopes: [] },
      { token: ada.accessToken },
    );
    await Authenticator.enrol(app, ada);
    await reset();
    const key = { headers: { authorization: `ApiKey ${created.body.key}` } };
    expect((await app.get('/api/v1/users/me', key)).status).toBe(200);
    const { body } = await auth('login', { identifier: ada.email, password: ownersPassword });
    expect(body.mfaRequired).toBe(true);
  });

  it('[ID-14] is not restored with an old link by who was deleted by an administrator since', async () => {
    await app.call('DELETE', '/api/v1/users/me', { token: ada.accessToken });
    const token = await linkOf(ada.email, 'Your account was deleted');
    await setStatus('active');
    await app.call('DELETE', `/api/v1/users/${ada.id}`, { token: admin.accessToken });
    expect((await app.post('/api/v1/users/restore', { token })).status).toBe(404);
    expect((await account())['status']).toBe('deleted');
  });

  it('[ID-02] no link of before works after an account was disabled', async () => {
    await auth('email/change', { email: `thief-${ada.email}` }, ada.accessToken);
    const token = await linkOf(`thief-${ada.email}`, 'Confirm your new address');
    await setStatus('disabled');
    await setStatus('active');
    expect((await auth('email/verify', { token })).status).toBe(403);
  });

  it('[ID-01] the mail that proves an address goes to just that address', async () => {
    const typed = ada.email.replace('user', '\uff55\uff53\uff45\uff52').replace('@', '2@');
    expect((await auth('email/change', { email: typed }, ada.accessToken)).status).toBe(202);
    const plain = ada.email.replace('@', '2@');
    const token = await linkOf(plain, 'Confirm your new address');
    expect((await auth('email/verify', { token })).status).toBe(204);
    expect((await account())['email']).toBe(plain);
    const odd = await auth('email/change', { email: '"a b"@example.com' }, ada.accessToken);
    expect(odd.body.code).toBe('validation.failed');
  });

  /** Until so many wait for a row. */
  const waiting = async (count: number): Promise<void> => {
    await eventually(async () => {
      await app.database.superuser.query('SELECT pg_stat_clear_snapshot()');
      const { rowCount } = await app.database.superuser.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      expect(rowCount).toBe(count);
    });
  };
});

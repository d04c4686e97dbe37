import { Mailbox } from '../../support/mailbox.js';
import { eventually } from '../../support/processes.js';
import { Queue } from '../../../src/platform/queue/index.js';
import { type Answer, goodPassword, type SignedIn, TestApp } from '../../support/test-app.js';
import { medianGap } from '../../support/timing.js';

jest.setTimeout(60_000);

const passwords = { password: goodPassword, passwordConfirmation: goodPassword };
let mailbox: Mailbox;
let app: TestApp | undefined;
let count = 0;

beforeEach(async () => {
  mailbox = await Mailbox.start();
});
afterEach(async () => {
  await app?.close();
  await mailbox.close();
  app = undefined;
});

const start = async (env: Record<string, string>): Promise<void> => {
  const SMTP_URL = `smtp://127.0.0.1:${mailbox.port}?tls=never`;
  app = await TestApp.start({ env: { PROCESS_ROLES: 'api,worker', SMTP_URL, ...env } });
};
const register = (email: string, more = {}): Promise<Answer> =>
  app!.post('/api/v1/auth/register', { email, username: `user-${count++}`, ...passwords, ...more });
const subjects = (address: string): string[] => mailbox.to(address).map(({ subject }) => subject);
const users = async (email: string): Promise<number> =>
  (await app!.database.superuser.query('SELECT FROM users WHERE email_key = $1', [email]))
    .rowCount!;
const idle = async (): Promise<void> => {
  await eventually(async () => {
    const { rowCount } = await app!.database.superuser.query('SELECT FROM graphile_worker.jobs');
    expect(rowCount).toBe(0);
  }, 20_000);
};
const statuses = (answers: Answer[]): number[] => answers.map(({ status }) => status).sort();

describe('Registration', () => {
  it('[ID-01] in the mode `open` makes one account of 16 parallel ones, and says which', async () => {
    await start({});
    const forms = ['ada@example.com', 'ADA@example.com', 'Ada@EXAMPLE.com'];
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => register(forms[index % 3]!)),
    );
    expect(statuses(answers)).toEqual([201, ...Array<number>(15).fill(409)]);
    expect(await users('ada@example.com')).toBe(1);
    await idle();
    expect(mailbox.mails.map(({ subject }) => subject)).toEqual(['Confirm your address']);
  });

  it('[ID-01] takes names that look alike for one, and refuses what cannot be seen', async () => {
    await start({});
    const names = ['Bill-Horn', 'bi11-h0rn', 'BlLL-hom', 'bill-horn'];
    const answers = await Promise.all(
      names.map((username) => register(`${username}@example.com`, { username })),
    );
    expect(statuses(answers)).toEqual([201, 409, 409, 409]);
    expect((await register('x@example.com', { username: 'adm1n' })).status).toBe(400);
    expect((await register('x@example.com', { username: 'b\u200bob' })).status).toBe(400);
    const other = await register('y@example.com', { username: 'bill-hart' });
    expect(other.status).toBe(201);
  });

  it('[ID-01][ID-02] with EMAIL_VERIFICATION=required leads in through the mailbox only', async () => {
    await start({ EMAIL_VERIFICATION: 'required' });
    const { body } = await register('ada@example.com');
    const login = { identifier: 'ada@example.com', password: goodPassword };
    expect((await app!.post('/api/v1/auth/login', login)).status).toBe(401);
    await idle();
    const [mail] = mailbox.to('ada@example.com');
    const verified = await app!.post('/api/v1/auth/email/verify', { token: mail!.token });
    expect(verified.status).toBe(204);
    expect((await app!.post('/api/v1/auth/login', login)).status).toBe(200);
    expect(body.emailVerified).toBe(false);
  });

  describe('in the mode `private`', () => {
    const mode = { REGISTRATION_MODE: 'private' };

    it('[ID-01][V6.3.8] answers alike for known and unknown addresses; the owner is told', async () => {
      await start(mode);
      const first = await register('ada@example.com');
      await idle();
      const again = await register('ADA@example.com');
      const shape = ({ status, headers, body }: Answer): unknown => [
        status,
        Object.keys(headers).sort(),
        Object.entries(body as object).map(([name, value]) => [
          name,
          /^(id|email|username|createdAt)$/.test(name) ? typeof value : (value as unknown),
        ]),
      ];
      expect(first).toMatchObject({ status: 201, body: { deletionDueAt: null } });
      expect(shape(again)).toEqual(shape(first));
      await idle();
      expect(subjects('ada@example.com')).toEqual([
        'Confirm your address',
        'You already have an account',
      ]);
      expect(await users('ada@example.com')).toBe(1);
      const me = await app!.audit('users.registered');
      expect(me).toMatchObject([{ target_id: first.body.id }]);
    });

    it('[V6.3.8] takes as long for known as for unknown addresses', async () => {
      await start({ ...mode, PROCESS_ROLES: 'api' });
      await app!.administrator('ada');
      const gap = await medianGap(
        () => register('ada@example.com'),
        (round) => register(`user${round}@example.com`),
        60,
      );
      expect(Math.abs(gap)).toBeLessThan(5);
    });

    it('[ID-01] makes one account of 16 parallel ones', async () => {
      await start(mode);
      const answers = await Promise.all(
        Array.from({ length: 16 }, () => register('ada@example.com')),
      );
      expect(statuses(answers)).toEqual(Array<number>(16).fill(201));
      await idle();
      expect(await users('ada@example.com')).toBe(1);
      expect(subjects('ada@example.com').filter((s) => s === 'Confirm your address')).toHaveLength(
        1,
      );
    });

    it('[V6.3.8] a second registration of a name, or a sign-in, does not tell what became of the first', async () => {
      await start({ ...mode, EMAIL_VERIFICATION: 'optional' });
      await register('ada@example.com', { username: 'lovelace' });
      await idle();
      for (const [index, email] of ['ada@example.com', 'new@example.com'].entries()) {
        const username = `probe-${index}`;
        expect((await register(email, { username })).status).toBe(201);
        await idle();
        const again = await register(`other${index}@example.com`, { username });
        expect([again.status, Object.keys(again.body as object).sort()]).toEqual([
          201,
          expect.arrayContaining(['id', 'deletionDueAt', 'lastLoginAt']),
        ]);
        const login = { identifier: username, password: goodPassword };
        expect((await app!.post('/api/v1/auth/login', login)).status).toBe(401);
      }
      await idle();
      expect(subjects('other0@example.com')).toEqual(['Confirm your address']);
      expect(subjects('other1@example.com')).toEqual(['Please register again']);
      const { token } = mailbox.to('new@example.com')[0]!;
      expect((await app!.post('/api/v1/auth/email/verify', { token })).status).toBe(204);
      const login = { identifier: 'new@example.com', password: goodPassword };
      expect((await app!.post('/api/v1/auth/login', login)).status).toBe(200);
    });

    it('makes one account, and tells nobody, when its job comes twice', async () => {
      await start({ ...mode, PROCESS_ROLES: 'api' });
      await register('ada@example.com');
      const { rows } = await app!.database.superuser.query<{ payload: object }>(
        'SELECT payload FROM graphile_worker._private_jobs',
      );
      for (const attempt of [1, 2]) {
        const info = { id: '1', attempt, last: false };
        await app!.app.get(Queue).perform('registration.private', rows[0]!.payload, info);
      }
      expect(await users('ada@example.com')).toBe(1);
      const { rowCount } = await app!.database.superuser.query('SELECT FROM graphile_worker.jobs');
      expect(rowCount).toBe(2); // the registration itself, and one mail
    });
  });

  it('[ID-01] in the mode `closed` makes none, not even on invitation', async () => {
    await start({ REGISTRATION_MODE: 'closed' });
    for (const more of [{}, { invitation: 'x' }]) {
      const { body } = await register('ada@example.com', more);
      expect(body.code).toBe('auth.registration_closed');
    }
  });

  describe('on invitation', () => {
    let token: string;
    beforeEach(async () => {
      await start({ REGISTRATION_MODE: 'invite' });
      token = (await app!.administrator('chief')).accessToken;
    });

    const invite = (email: string, roles?: string[], by = token): Promise<Answer> =>
      app!.post('/api/v1/invitations', { email, ...(roles && { roles }) }, { token: by });
    const invitation = async (email: string): Promise<string> => {
      await idle();
      return mailbox.to(email).at(-1)!.token!;
    };

    it('[ID-01] makes one account of 16 parallel ones, with its roles and a confirmed address', async () => {
      expect((await register('ada@example.com')).body.code).toBe('auth.invitation_required');
      expect((await invite('ada@example.com', ['auditor'])).status).toBe(201);
      const link = await invitation('ada@example.com');
      expect((await register('eve@example.com', { invitation: link })).status).toBe(403);
      const answers = await Promise.all(
        Array.from({ length: 16 }, () => register('Ada@example.com', { invitation: link })),
      );
      expect(statuses(answers)).toEqual([201, ...Array<number>(15).fill(403)]);
      expect(answers.find(({ status }) => status === 201)!.body).toMatchObject({
        roles: ['auditor'],
        emailVerified: true,
      });
      expect(await users('ada@example.com')).toBe(1);
      expect((await app!.get('/api/v1/invitations', { token })).body.items).toEqual([]);
    });

    it('is listed, withdrawn, replaced by a newer one, and over after seven days', async () => {
      await invite('ada@example.com');
      const first = await invitation('ada@example.com');
      const { body } = await invite('ada@example.com');
      const second = await invitation('ada@example.com');
      const list = (await app!.get('/api/v1/invitations', { token })).body;
      expect(list).toEqual({ items: [body], nextCursor: null });
      expect((await register('ada@example.com', { invitation: first })).status).toBe(403);
      const withdraw = (): Promise<Answer> =>
        app!.call('DELETE', `/api/v1/invitations/${body.id}`, { token });
      expect((await withdraw()).status).toBe(204);
      expect((await withdraw()).body.code).toBe('invitations.not_found');
      expect((await register('ada@example.com', { invitation: second })).status).toBe(403);
      await invite('bob@example.com');
      const third = await invitation('bob@example.com');
      await app!.database.superuser.query('UPDATE invitations SET expires_at = now()');
      expect((await register('bob@example.com', { invitation: third })).status).toBe(403);
    });

    it('[AC-01] is over when the inviter may not invite any more, or is disabled', async () => {
      const role = { name: 'host', description: 'Invites', permissions: ['users.invite'] };
      await app!.post('/api/v1/roles', role, { token });
      const hosts: SignedIn[] = [];
      for (const username of ['host-one', 'host-two']) {
        const { body } = await app!.post(
          '/api/v1/users',
          {
            email: `${username}@example.com`,
            username,
            password: goodPassword,
            roles: ['member', 'host'],
          },
          { token },
        );
        hosts.push(await app!.signIn(body.id as string, username));
        const answer = await invite(
          `by-${username}@example.com`,
          ['member'],
          hosts.at(-1)!.accessToken,
        );
        expect(answer.status).toBe(201);
      }
      const path = (index: number): string => `/api/v1/users/${hosts[index]!.id}`;
      await app!.call('PUT', `${path(0)}/roles`, { token, body: { roles: ['member'] } });
      await app!.call('PATCH', path(1), { token, body: { status: 'disabled' } });
      for (const { username } of hosts) {
        const email = `by-${username}@example.com`;
        const answer = await register(email, { invitation: await invitation(email) });
        expect(answer.body.code).toBe('auth.invitation_required');
      }
    });

    it('[AC-02][V8.3.1] gives no role that an API key has no scope for, or a stolen session', async () => {
      const wanted = { name: 'hosts', scopes: ['users.invite', 'users.create'] };
      const { body } = await app!.post('/api/v1/api-keys', wanted, { token });
      const headers = { authorization: `ApiKey ${body.key}` };
      const post = (path: string, more: object, call: object): Promise<Answer> =>
        app!.post(`/api/v1/${path}`, { email: 'eve@example.com', ...more }, call);
      const eve = { username: 'eve', password: goodPassword };
      const refused = await post('invitations', { roles: ['admin'] }, { headers });
      expect(refused.body.code).toBe('roles.grant_exceeds_own');
      await app!.database.superuser.query(
        `UPDATE sessions SET created_at = now() - interval '11 minutes'`,
      );
      const old = await app!.administrator('late');
      await app!.database.superuser.query(
        `UPDATE sessions SET created_at = now() - interval '11 minutes' WHERE user_id = $1`,
        [old.id],
      );
      const late = { token: old.accessToken };
      for (const [path, more] of [
        ['invitations', {}],
        ['users', eve],
      ] as const) {
        const answer = await post(path, { ...more, roles: ['admin'] }, late);
        expect(answer.body.code).toBe('auth.step_up_required');
        expect((await post(path, more, late)).status).toBe(201);
      }
    });

    it('[AC-01] gives only what the inviter holds, when inviting and when it is accepted', async () => {
      const roles = { name: 'host', description: 'Invites', permissions: ['users.invite'] };
      expect((await app!.post('/api/v1/roles', roles, { token })).status).toBe(201);
      await invite('host@example.com', ['host']);
      const link = await invitation('host@example.com');
      const made = await register('host@example.com', { invitation: link, username: 'the-host' });
      expect(made.status).toBe(201);
      const host = await app!.signIn(made.body.id as string, 'the-host');
      const refused = await invite('ada@example.com', ['admin'], host.accessToken);
      expect(refused.body.code).toBe('roles.grant_exceeds_own');
      expect((await invite('ada@example.com', ['nobody'])).status).toBe(400);
      expect((await invite('ada@example.com', ['host'], host.accessToken)).status).toBe(201);
      const late = await invitation('ada@example.com');
      const path = `/api/v1/users/${host.id}/roles`;
      await app!.call('PUT', path, { token, body: { roles: ['member'] } });
      expect((await register('ada@example.com', { invitation: late })).status).toBe(403);
    });
  });
});

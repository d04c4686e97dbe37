import { Mailbox } from '../../support/mailbox.js';
import { eventually } from '../../support/processes.js';
import { type Answer, goodPassword, TestApp } from '../../support/test-app.js';

jest.setTimeout(60_000);
jest.retryTimes(2, { logErrorsBeforeRetry: true }); // medians of times, which a busy machine may spoil

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
      expect(first.status).toBe(201);
      expect(shape(again)).toEqual(shape(first));
      await idle();
      expect(subjects('ada@example.com')).toEqual([
        'Confirm your address',
        'You already have an account',
      ]);
      expect(await users('ada@example.com')).toBe(1);
      const login = { identifier: 'ada@example.com', password: goodPassword };
      expect((await app!.post('/api/v1/auth/login', login)).status).toBe(200);
      const me = await app!.audit('users.registered');
      expect(me).toMatchObject([{ target_id: first.body.id }]);
    });

    it('[V6.3.8] takes as long for known as for unknown addresses', async () => {
      await start({ ...mode, PROCESS_ROLES: 'api' });
      await app!.administrator('ada');
      const times: Record<string, number[]> = { known: [], unknown: [] };
      for (let round = 0; round < 40; round++) {
        for (const kind of round % 2 ? ['known', 'unknown'] : ['unknown', 'known']) {
          const email = kind === 'known' ? 'ada@example.com' : `user${round}@example.com`;
          const began = performance.now();
          expect((await register(email)).status).toBe(201);
          times[kind]!.push(performance.now() - began);
        }
      }
      const median = (of: number[]): number => of.sort((a, b) => a - b)[of.length >> 1]!;
      expect(Math.abs(median(times['known']!) - median(times['unknown']!))).toBeLessThan(5);
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

    it('refuses a name that is taken: names are not private', async () => {
      await start(mode);
      await register('ada@example.com', { username: 'lovelace' });
      await idle();
      for (const email of ['ada@example.com', 'eve@example.com']) {
        const { body } = await register(email, { username: 'Lovelace' });
        expect(body.code).toBe('users.username_taken');
      }
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

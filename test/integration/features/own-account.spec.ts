import { Mailbox, type ReceivedMail } from '../../support/mailbox.js';
import { eventually } from '../../support/processes.js';
import { type Answer, goodPassword, type SignedIn, TestApp } from '../../support/test-app.js';
import { medianGap } from '../../support/timing.js';

jest.setTimeout(60_000);

const newPassword = 'the tide waits for nobody';
const passwords = { password: newPassword, passwordConfirmation: newPassword };

describe('What owners change about their accounts', () => {
  let app: TestApp;
  let mailbox: Mailbox;
  let ada: SignedIn;

  beforeAll(async () => {
    mailbox = await Mailbox.start();
    app = await TestApp.start({
      env: {
        PROCESS_ROLES: 'api,worker',
        SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?tls=never`,
        PUBLIC_URL: 'https://house.example.com',
      },
    });
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
  const me = async (user = ada): Promise<Answer> =>
    app.get('/api/v1/users/me', { token: user.accessToken });
  const signIn = (identifier: string, password: string): Promise<Answer> =>
    auth('login', { identifier, password });
  /** The newest mail of a kind to an address, once there are `count`. */
  const mail = async (to: string, subject: string, count = 1): Promise<ReceivedMail> => {
    const found = (): ReceivedMail[] => mailbox.to(to).filter((m) => m.subject === subject);
    await eventually(() => expect(found().length).toBeGreaterThanOrEqual(count), 20_000);
    return found().at(-1)!;
  };
  const codes = (answers: Answer[]): Record<number, number> =>
    Object.fromEntries(
      [...new Set(answers.map(({ status }) => status))].map((status) => [
        status,
        answers.filter((answer) => answer.status === status).length,
      ]),
    );

  describe('[ID-02] the address', () => {
    it('[V6.4.1] is confirmed by the link that registering sends, once of 16 tries', async () => {
      const { token, text } = await mail(ada.email, 'Confirm your address');
      expect(text).toContain(`https://house.example.com/account#confirm:${token}`);
      expect((await me()).body.emailVerified).toBe(false);
      const tries = Array.from({ length: 16 }, () => auth('email/verify', { token }));
      expect(codes(await Promise.all(tries))).toEqual({ 204: 1, 403: 15 });
      expect((await me()).body.emailVerified).toBe(true);
      expect((await auth('email/verify', { token })).body.code).toBe('auth.invalid_link');
    });

    it('gets a new link on demand, which ends the one before; nobody learns who waits', async () => {
      const first = await mail(ada.email, 'Confirm your address');
      const answers = [];
      for (const email of [ada.email, 'nobody@example.com']) {
        answers.push(await auth('email/resend', { email }));
      }
      for (const { status, body } of answers) expect([status, body]).toEqual([202, '']);
      const second = await mail(ada.email, 'Confirm your address', 2);
      expect((await auth('email/verify', { token: first.token })).status).toBe(403);
      expect((await auth('email/verify', { token: second.token })).status).toBe(204);
      await auth('email/resend', { email: ada.email });
      await eventually(async () => expect(await jobs()).toBe(0));
      expect(mailbox.to(ada.email)).toHaveLength(2);
      expect(mailbox.to('nobody@example.com')).toEqual([]);
    });

    it('[AU-01] who asks for a link is seen, also for an account that does not exist', async () => {
      const asked = new Set<string>();
      for (const path of ['email/resend', 'password/forgot']) {
        for (const email of [ada.email, `nobody-${ada.email}`]) {
          asked.add((await auth(path, { email })).headers['x-request-id']!);
        }
      }
      await eventually(async () => expect(await jobs()).toBe(0));
      const events = (await app.audit('auth.link_asked')).filter((event) =>
        asked.has(event['request_id'] as string),
      );
      const told = events.map(({ payload, outcome, target_id: target }) => ({
        ...(payload as object),
        ...{ outcome, target },
      }));
      expect(told).toHaveLength(4);
      for (const purpose of ['reset_password', 'confirm_address']) {
        expect(told).toContainEqual({ purpose, outcome: 'success', target: ada.id });
        expect(told).toContainEqual({ purpose, outcome: 'failure', target: null });
      }
      expect(events.every(({ address }) => address !== null)).toBe(true);
      expect(JSON.stringify(events)).not.toContain(ada.email);
    });

    it('[V6.5.5] is not confirmed by a link that is over, or by one for something else', async () => {
      const { token } = await mail(ada.email, 'Confirm your address');
      await app.database.superuser.query(
        'UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1',
        [ada.id],
      );
      expect((await auth('email/verify', { token })).status).toBe(403);
      await auth('password/forgot', { email: ada.email });
      const reset = await mail(ada.email, 'Set a new password');
      expect((await auth('email/verify', { token: reset.token })).status).toBe(403);
      expect((await app.audit('auth.link_refused')).length).toBeGreaterThan(0);
    });

    it('changes when the new one is confirmed, and the former one hears of it', async () => {
      const address = `new-${ada.email}`;
      expect((await auth('email/change', { email: address }, ada.accessToken)).status).toBe(202);
      const notice = await mail(ada.email, 'Your address is about to change');
      expect(notice.text).toContain(address);
      expect(notice.token).toBeUndefined();
      const { token } = await mail(address, 'Confirm your new address');
      expect((await me()).body.email).toBe(ada.email);
      const tries = Array.from({ length: 16 }, () => auth('email/verify', { token }));
      expect(codes(await Promise.all(tries))).toEqual({ 204: 1, 403: 15 });
      expect((await me()).body).toMatchObject({ email: address, emailVerified: true });
      await mail(ada.email, 'Your address was changed');
      expect((await signIn(address, goodPassword)).status).toBe(200);
      expect((await signIn(ada.email, goodPassword)).status).toBe(401);
    });

    it('does not change to one that somebody has, which is told to nobody who has not proved it', async () => {
      const eve = await app.member();
      expect((await auth('email/change', { email: eve.email }, ada.accessToken)).status).toBe(202);
      const { token } = await mail(eve.email, 'Confirm your new address');
      expect((await auth('email/verify', { token })).body.code).toBe('auth.invalid_link');
      expect((await me()).body.email).toBe(ada.email);
    });

    it('of two accounts that want the same one goes to one', async () => {
      const eve = await app.member();
      const address = `wanted-${ada.email}`;
      await auth('email/change', { email: address }, ada.accessToken);
      const first = await mail(address, 'Confirm your new address');
      await auth('email/change', { email: address }, eve.accessToken);
      const second = await mail(address, 'Confirm your new address', 2);
      const tokens = [first.token, second.token];
      const answers = tokens.map((token) => auth('email/verify', { token }));
      expect(codes(await Promise.all(answers))).toEqual({ 204: 1, 403: 1 });
    });

    it('[V7.5.1] changes only for who has signed in lately', async () => {
      await app.database.superuser.query(
        `UPDATE sessions SET created_at = now() - interval '1 hour' WHERE user_id = $1`,
        [ada.id],
      );
      const refused = await auth('email/change', { email: 'x@example.com' }, ada.accessToken);
      expect(refused.body.code).toBe('auth.step_up_required');
    });
  });

  describe('[ID-02] the password', () => {
    it('[V6.4.3] is set anew by a link, once of 16 tries; all sessions end, and the owner is told', async () => {
      await auth('password/forgot', { email: ada.email });
      const { token, text } = await mail(ada.email, 'Set a new password');
      expect(text).toContain(`https://house.example.com/account#reset:${token}`);
      const tries = Array.from({ length: 16 }, () =>
        auth('password/reset', { token, ...passwords }),
      );
      expect(codes(await Promise.all(tries))).toEqual({ 204: 1, 403: 15 });
      expect((await me()).status).toBe(401);
      expect((await auth('refresh', { refreshToken: ada.refreshToken })).status).toBe(401);
      expect((await signIn(ada.username, goodPassword)).status).toBe(401);
      expect((await signIn(ada.username, newPassword)).status).toBe(200);
      await mail(ada.email, 'Your password was changed');
    });

    it('is asked for with the same answer whether or not the address is known', async () => {
      const known = await auth('password/forgot', { email: ada.email });
      const unknown = await auth('password/forgot', { email: `no-${ada.email}` });
      expect([known.status, known.body]).toEqual([202, '']);
      const comparable = ({ status, body, headers }: Answer): unknown => [
        status,
        body,
        Object.keys(headers).sort(),
      ];
      expect(comparable(unknown)).toEqual(comparable(known));
      await mail(ada.email, 'Set a new password');
      expect(mailbox.to(`no-${ada.email}`)).toEqual([]);
    });

    it('[V6.3.8] is asked for in the same time whether or not the address is known', async () => {
      // No worker: the jobs of one request would be the noise of the next.
      const quiet = await TestApp.start();
      const { email: known } = await quiet.member();
      const ask = (email: string): Promise<Answer> =>
        quiet.post('/api/v1/auth/password/forgot', { email });
      const gap = await medianGap(
        () => ask(known),
        (round) => ask(`${round}-${known}`),
      );
      expect(Math.abs(gap)).toBeLessThan(5);
      await quiet.close();
    });

    it('is not lost with a weak one, and not set with an old link', async () => {
      await auth('password/forgot', { email: ada.email });
      const first = await mail(ada.email, 'Set a new password');
      const weak = { password: 'short', passwordConfirmation: 'short' };
      const refused = await auth('password/reset', { token: first.token, ...weak });
      expect(refused.body).toMatchObject({ code: 'validation.failed' });
      await auth('password/forgot', { email: ada.email });
      const second = await mail(ada.email, 'Set a new password', 2);
      const reset = (token?: string): Promise<Answer> =>
        auth('password/reset', { token, ...passwords });
      expect((await reset(first.token)).body.code).toBe('auth.invalid_link');
      await app.database.superuser.query(
        `UPDATE one_time_tokens SET expires_at = now() WHERE purpose = 'reset_password'`,
      );
      expect((await reset(second.token)).body.code).toBe('auth.invalid_link');
      expect((await signIn(ada.username, goodPassword)).status).toBe(200);
    });

    it('[V6.2.3] is changed with the present one; other sessions end and this one stays', async () => {
      const other = await app.signIn(ada.id, ada.username);
      const request = { currentPassword: goodPassword, ...passwords };
      const wrong = { ...request, currentPassword: 'another one altogether' };
      expect((await auth('password/change', wrong, ada.accessToken)).body.code).toBe(
        'auth.wrong_password',
      );
      expect((await auth('password/change', request, ada.accessToken)).status).toBe(204);
      expect((await me()).status).toBe(200);
      expect((await me(other)).status).toBe(401);
      expect((await signIn(ada.username, newPassword)).status).toBe(200);
      await mail(ada.email, 'Your password was changed');
      const events = await app.audit('auth.password_changed');
      expect(events.at(-1)).toMatchObject({ payload: { by: 'owner', sessions: 1 } });
    });

    it('[V6.3.1] cannot be guessed by who found a session', async () => {
      const guess = (round: number): Promise<Answer> => {
        const request = { currentPassword: `guess number ${round} of many`, ...passwords };
        return auth('password/change', request, ada.accessToken);
      };
      let round = 0;
      await eventually(async () => expect((await guess(round++)).status).toBe(429));
      const right = { currentPassword: goodPassword, ...passwords };
      const answer = await auth('password/change', right, ada.accessToken);
      expect(answer.body.code).toBe('auth.too_many_attempts');
    });

    it('[V2.4.1] floods no mailbox, and a stranger who tries does not end the last link', async () => {
      const ask = async (email: string, times: number): Promise<number[]> => {
        const asked = Array.from({ length: times }, () => auth('password/forgot', { email }));
        const statuses = (await Promise.all(asked)).map(({ status }) => status);
        await eventually(async () => expect(await jobs()).toBe(0), 20_000);
        return statuses;
      };
      const links = (): ReceivedMail[] =>
        mailbox.to(ada.email).filter(({ subject }) => subject === 'Set a new password');
      expect(await ask(ada.email, 16)).toEqual(Array<number>(16).fill(202));
      expect(links()).toHaveLength(5);
      expect(await ask(ada.email.toUpperCase(), 3)).toEqual([202, 202, 202]);
      expect(links()).toHaveLength(5);
      const tries = links().map(({ token }) => auth('password/reset', { token, ...passwords }));
      expect(codes(await Promise.all(tries))).toEqual({ 204: 1, 403: 4 });
      await app.database.superuser.query(
        `UPDATE mail_bounds SET used_until = used_until - interval '13 minutes'`,
      );
      await ask(ada.email, 4);
      expect(links()).toHaveLength(6);
    });

    it('[V2.4.1] nor does somebody who wants the address of another', async () => {
      const eve = await app.member();
      for (const user of [ada, eve]) {
        for (let round = 0; round < 2; round++) {
          const wanted = `victim+${round}@${ada.username}.example.com`;
          const answer = await auth('email/change', { email: wanted }, user.accessToken);
          expect(answer.status).toBe(202);
        }
      }
      await eventually(async () => expect(await jobs()).toBe(0), 20_000);
      const sent = mailbox.mails.filter(({ to }) => to.startsWith('victim+'));
      expect(sent).toHaveLength(3);
    });

    it('[V14.2.1] leaves no token in tables, and the log of jobs names no address', async () => {
      await auth('password/forgot', { email: ada.email });
      const { token } = await mail(ada.email, 'Set a new password');
      const { rows } = await app.database.superuser.query(
        'SELECT encode(token_hash, $1) AS hash, data FROM one_time_tokens',
        ['escape'],
      );
      expect(JSON.stringify(rows)).not.toContain(token);
    });
  });

  const jobs = async (): Promise<number> =>
    (await app.database.superuser.query('SELECT FROM graphile_worker._private_jobs')).rowCount!;
});

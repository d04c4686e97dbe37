import { LockoutService } from '../../../src/features/lockout/index.js';
import { MfaChallengesService, MfaService } from '../../../src/features/mfa/index.js';
import { Authenticator } from '../../support/authenticator.js';
import { sessionStores } from '../../support/session-store.js';
import { type Answer, goodPassword, type SignedIn, TestApp } from '../../support/test-app.js';

const base = '/api/v1/auth';

describe('The second factor', () => {
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start({
      env: { TRUSTED_PROXIES: '127.0.0.1', PUBLIC_URL: 'https://id.example.com' },
    });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    ada = await app.member();
  });

  const login = (user = ada): Promise<Answer> =>
    app.post(`${base}/login`, { identifier: user.username, password: goodPassword });
  const challenge = async (user = ada): Promise<string> =>
    (await login(user)).body.mfaToken as string;
  const verify = (mfaToken: string, code: string, address?: string): Promise<Answer> =>
    app.post(
      `${base}/mfa/verify`,
      { mfaToken, code },
      { headers: address ? { 'x-forwarded-for': address } : {} },
    );
  const me = async (token: string): Promise<number> =>
    (await app.get('/api/v1/users/me', { token })).status;
  const sql = (text: string, ...values: unknown[]): Promise<unknown> =>
    app.database.superuser.query(text, values);
  const told = async (action: string): Promise<Record<string, unknown>[]> =>
    (await app.audit(action)).filter(({ target_id }) => target_id === ada.id);

  it('[ID-09][V6.3.3] is enrolled, asked for at sign-in, and lets in', async () => {
    const { authenticator, confirmed } = await Authenticator.enrol(app, ada);
    expect(confirmed.status).toBe(200);
    const asked = await login();
    expect(asked).toMatchObject({ status: 200, body: { mfaRequired: true } });
    expect(Object.keys(asked.body as object).sort()).toEqual(['mfaRequired', 'mfaToken']);
    expect(await me(asked.body.mfaToken as string)).toBe(401);
    const signedIn = await verify(asked.body.mfaToken as string, authenticator.code());
    expect(signedIn.status).toBe(200);
    expect(await me(signedIn.body.accessToken as string)).toBe(200);
    const state = await app.get(`${base}/mfa`, { token: signedIn.body.accessToken as string });
    expect(state.body).toEqual({ enrolled: true, recoveryCodesLeft: 10 });
    expect(await told('mfa.enabled')).toHaveLength(1);
    expect((await told('auth.signed_in')).at(-1)).toMatchObject({ payload: { method: 'totp' } });
  });

  it('[ID-09] shows the secret for apps, and stores it sealed', async () => {
    const { body } = await app.call('POST', `${base}/mfa/totp`, { token: ada.accessToken });
    expect(body.otpauthUrl).toBe(
      `otpauth://totp/id.example.com:${encodeURIComponent(ada.email)}?secret=${body.secret}&issuer=id.example.com&algorithm=SHA1&digits=6&period=30`,
    );
    const { secret } = new Authenticator(body.secret as string);
    expect(secret).toHaveLength(20);
    const { rows } = await app.database.superuser.query<{ secret_sealed: Buffer }>(
      'SELECT secret_sealed FROM totp_secrets WHERE user_id = $1',
      [ada.id],
    );
    expect(rows[0]!.secret_sealed.includes(secret)).toBe(false);
    expect(JSON.stringify(await app.audit())).not.toContain(body.secret);
  });

  it('[ID-09][V6.5.1][V2.3.1] a code works once: of 16 parallel uses one, of a step used no more', async () => {
    const { authenticator } = await Authenticator.enrol(app, ada);
    const tokens = await Promise.all(Array.from({ length: 16 }, () => challenge()));
    const code = authenticator.code();
    const answers = await Promise.all(tokens.map((token) => verify(token, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['mfa.invalid_code']));
    // An older step, although within the window, is behind the one that was used.
    expect((await verify(await challenge(), authenticator.code(-1))).status).toBe(401);
    expect((await verify(await challenge(), authenticator.code(1))).status).toBe(200);
  });

  it('[ID-09] the code that confirmed the enrolment signs in no more', async () => {
    const { body } = await app.call('POST', `${base}/mfa/totp`, { token: ada.accessToken });
    const code = new Authenticator(body.secret as string).code(1);
    const token = ada.accessToken;
    expect((await app.post(`${base}/mfa/totp/confirm`, { code }, { token })).status).toBe(200);
    expect((await verify(await challenge(), code)).status).toBe(401);
  });

  it('[ID-09] a challenge works once, not after five minutes, and not when made up', async () => {
    const { authenticator, recoveryCodes } = await Authenticator.enrol(app, ada);
    const spent = await challenge();
    expect((await verify(spent, authenticator.code())).status).toBe(200);
    const late = await challenge();
    await sql(`UPDATE mfa_challenges SET expires_at = now() WHERE user_id = $1`, ada.id);
    for (const token of [spent, late, 'made-up']) {
      expect(await verify(token, recoveryCodes[0]!)).toMatchObject({
        status: 401,
        body: { code: 'mfa.invalid_token' },
      });
    }
    await app.app.get(MfaChallengesService).cleanUp();
    const { rowCount } = await app.database.superuser.query(
      'SELECT FROM mfa_challenges WHERE user_id = $1',
      [ada.id],
    );
    expect(rowCount).toBe(0);
  });

  it('[ID-09] ten parallel uses of one challenge with ten codes open one session', async () => {
    const { recoveryCodes } = await Authenticator.enrol(app, ada);
    const token = await challenge();
    const answers = await Promise.all(recoveryCodes.map((code) => verify(token, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    // The codes of those that came too late are not lost with them.
    const { body } = await app.get(`${base}/mfa`, {
      token: answers.find(({ status }) => status === 200)!.body.accessToken as string,
    });
    expect(body.recoveryCodesLeft).toBe(9);
  });

  it('[ID-09][V6.4.3] a new password ends a challenge, and does not pass by the factor', async () => {
    const { authenticator } = await Authenticator.enrol(app, ada);
    const token = await challenge();
    const other = await app.member();
    await sql(
      `UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = $2)
       WHERE id = $1`,
      ada.id,
      other.id,
    );
    expect((await verify(token, authenticator.code())).body.code).toBe('mfa.invalid_token');
    expect((await login()).body.mfaRequired).toBe(true);
  });

  it('[ID-09] a sign-in under way does not pass by a factor, nor by a new password', async () => {
    const lockout = app.app.get(LockoutService);
    const meanwhile = async (change: string): Promise<Answer> => {
      const check = lockout.check.bind(lockout);
      const spy = jest.spyOn(lockout, 'check').mockImplementationOnce(async (attempt) => {
        await sql(change, ada.id);
        return check(attempt);
      });
      const answer = await login();
      spy.mockRestore();
      return answer;
    };
    const enrolled = await meanwhile('UPDATE users SET second_factor = true WHERE id = $1');
    expect(enrolled.body).toMatchObject({ mfaRequired: true });
    await sql('UPDATE users SET second_factor = false WHERE id = $1', ada.id);
    const other = await app.member();
    const changed = await meanwhile(
      `UPDATE users SET password_hash =
         (SELECT password_hash FROM users WHERE id = '${other.id}') WHERE id = $1`,
    );
    expect(changed.status).toBe(200); // another hash of the same password
    const replaced = await meanwhile(
      `UPDATE users SET password_hash = regexp_replace(password_hash, '.{6}$', 'AAAAAA')
       WHERE id = $1`,
    );
    expect(replaced.status).toBe(401);
  });

  it('[ID-09] a disabled account is not let in by a challenge from before', async () => {
    const { authenticator } = await Authenticator.enrol(app, ada);
    const token = await challenge();
    await sql(`UPDATE users SET status = 'disabled' WHERE id = $1`, ada.id);
    expect((await verify(token, authenticator.code())).status).toBe(401);
  });

  it('[ID-09][V6.5.2] each recovery code signs in once, however typed; new ones replace the old', async () => {
    const { recoveryCodes, authenticator } = await Authenticator.enrol(app, ada);
    const [first, second] = recoveryCodes as [string, string];
    const tokens = [await challenge(), await challenge(), await challenge(), await challenge()];
    const answers = await Promise.all(tokens.map((token) => verify(token, first.toLowerCase())));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await verify(await challenge(), first)).status).toBe(401);
    expect((await told('mfa.recovery_code_used'))[0]).toMatchObject({ payload: { left: 9 } });

    const { body } = await verify(await challenge(), authenticator.code());
    const token = body.accessToken as string;
    const renewed = await app.call('POST', `${base}/mfa/recovery-codes`, { token });
    expect(renewed.body.recoveryCodes).toHaveLength(10);
    expect((await verify(await challenge(), second)).status).toBe(401);
    const fresh = renewed.body.recoveryCodes[0] as string;
    expect((await verify(await challenge(), fresh)).status).toBe(200);
    const { rows } = await app.database.superuser.query('SELECT * FROM recovery_codes');
    expect(JSON.stringify(rows)).not.toContain(fresh.replaceAll('-', ''));
  });

  it('[ID-09][V6.5.5][ID-10] guessing codes is slowed like guessing passwords', async () => {
    const { authenticator } = await Authenticator.enrol(app, ada);
    const token = await challenge();
    const address = '198.51.100.7';
    const statuses: number[] = [];
    for (let n = 0; n < 10; n++) statuses.push((await verify(token, '000000', address)).status);
    expect(statuses.slice(0, 6)).toEqual(Array(6).fill(401));
    expect(statuses.slice(6)).toContain(429);
    expect(await verify(token, authenticator.code(), address)).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.any(String) },
    });
    expect((await verify(token, authenticator.code())).status).toBe(200);
    const refused = await told('mfa.code_refused');
    expect(refused[0]).toMatchObject({ payload: { reason: 'wrong' }, outcome: 'failure' });
  });

  it('[ID-09][V7.4.3] enabling ends the other sessions and keeps this one', async () => {
    const other = await app.signIn(ada.id, ada.username);
    const { confirmed } = await Authenticator.enrol(app, ada);
    expect(confirmed.status).toBe(200);
    expect(await me(other.accessToken)).toBe(401);
    expect(await me(ada.accessToken)).toBe(200);
  });

  it('[ID-09] an enrolment that was not confirmed replaces nothing and asks for nothing', async () => {
    const token = ada.accessToken;
    await app.call('POST', `${base}/mfa/totp`, { token });
    expect((await login()).body.accessToken).toEqual(expect.any(String));
    const { authenticator } = await Authenticator.enrol(app, ada);
    const again = await app.call('POST', `${base}/mfa/totp`, { token });
    expect(again).toMatchObject({ status: 409, body: { code: 'mfa.already_enrolled' } });
    expect((await verify(await challenge(), authenticator.code())).status).toBe(200);
    await expect(
      app.post(`${base}/mfa/totp/confirm`, { code: '000000' }, { token }),
    ).resolves.toMatchObject({ status: 409, body: { code: 'mfa.no_enrolment' } });
  });

  it('[ID-09] an enrolment is confirmed by its own code, in time, once', async () => {
    const token = ada.accessToken;
    const begin = async (): Promise<Authenticator> => {
      const { body } = await app.call('POST', `${base}/mfa/totp`, { token });
      return new Authenticator(body.secret as string);
    };
    const confirm = (code: string): Promise<Answer> =>
      app.post(`${base}/mfa/totp/confirm`, { code }, { token });
    const first = await begin();
    const second = await begin();
    expect((await confirm(first.code())).body.code).toBe('mfa.invalid_code');
    await sql(
      `UPDATE totp_secrets SET created_at = now() - interval '16 minutes' WHERE user_id = $1`,
      ada.id,
    );
    expect((await confirm(second.code())).body.code).toBe('mfa.no_enrolment');
    const third = await begin();
    const answers = await Promise.all(Array.from({ length: 4 }, () => confirm(third.code())));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  });

  it('[ID-09][V7.5.1] enrolling, removing and new codes demand a recent sign-in', async () => {
    const { accessToken: token } = ada;
    await sql(
      `UPDATE sessions SET created_at = now() - interval '11 minutes' WHERE user_id = $1`,
      ada.id,
    );
    const routes: [string, string][] = [
      ['POST', `${base}/mfa/totp`],
      ['DELETE', `${base}/mfa/totp`],
      ['POST', `${base}/mfa/recovery-codes`],
    ];
    for (const [method, path] of routes) {
      const { status, body } = await app.call(method, path, { token });
      expect([status, body.code]).toEqual([403, 'auth.step_up_required']);
    }
    expect((await app.get(`${base}/mfa`, { token })).status).toBe(200);
  });

  it('[ID-09] is removed by its owner, unless the password is too short to stand alone', async () => {
    const token = ada.accessToken;
    const remove = (): Promise<Answer> => app.call('DELETE', `${base}/mfa/totp`, { token });
    expect((await remove()).body.code).toBe('mfa.not_enrolled');
    const renewed = await app.call('POST', `${base}/mfa/recovery-codes`, { token });
    expect(renewed.body.code).toBe('mfa.not_enrolled');
    const { recoveryCodes } = await Authenticator.enrol(app, ada);
    const short = 'ab quay 7';
    const change = (currentPassword: string, password: string): Promise<Answer> =>
      app.post(
        `${base}/password/change`,
        { currentPassword, password, passwordConfirmation: password },
        { token },
      );
    expect((await change(goodPassword, short)).status).toBe(204);
    expect((await remove()).body.code).toBe('mfa.password_too_short');
    expect((await change(short, goodPassword)).status).toBe(204);
    expect((await login()).body.mfaRequired).toBe(true);
    expect((await remove()).status).toBe(204);
    expect((await login()).body.accessToken).toEqual(expect.any(String));
    expect(await told('mfa.disabled')).toHaveLength(1);
    // Old recovery codes do not come back with a new enrolment.
    await Authenticator.enrol(app, ada);
    expect((await verify(await challenge(), recoveryCodes[0]!)).status).toBe(401);
  });

  it('[ID-09] an operator resets it, which ends the sessions', async () => {
    await Authenticator.enrol(app, ada);
    await app.app.get(MfaService).reset(ada.id);
    expect(await me(ada.accessToken)).toBe(401);
    expect((await login()).body.accessToken).toEqual(expect.any(String));
    expect(await told('mfa.reset')).toHaveLength(1);
    await expect(app.app.get(MfaService).reset(ada.id)).rejects.toThrow('mfa.not_enrolled');
  });

  it('[ID-09][V6.2.1] an operator resets it with a password that is too short to stand alone', async () => {
    await Authenticator.enrol(app, ada);
    const short = 'ab quay 7';
    const request = { currentPassword: goodPassword, password: short, passwordConfirmation: short };
    const changed = await app.post('/api/v1/auth/password/change', request, {
      token: ada.accessToken,
    });
    expect(changed.status).toBe(204);
    const signIn = async (password: string): Promise<number> =>
      (await app.post('/api/v1/auth/login', { identifier: ada.username, password })).status;
    expect(await signIn(short)).toBe(200);
    expect(await app.app.get(MfaService).reset(ada.id)).toBe(false);
    expect(await me(ada.accessToken)).toBe(401);
    expect([await signIn(short), await signIn(goodPassword)]).toEqual([401, 401]);
    const { rows } = await app.database.superuser.query(
      'SELECT password_hash, password_short, second_factor FROM users WHERE id = $1',
      [ada.id],
    );
    expect(rows).toEqual([{ password_hash: null, password_short: false, second_factor: false }]);
  });
});

describe('Stepping up', () => {
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    ada = await app.member();
  });

  const stepUp = (body: object, token = ada.accessToken): Promise<Answer> =>
    app.post(`${base}/step-up`, body, { token });
  const me = async (token: string): Promise<number> =>
    (await app.get('/api/v1/users/me', { token })).status;
  const age = (): Promise<unknown> =>
    app.database.superuser.query(
      `UPDATE sessions SET created_at = now() - interval '11 minutes' WHERE user_id = $1`,
      [ada.id],
    );

  it('[V7.2.4][V7.5.1] opens what demands a recent sign-in, and ends the session before', async () => {
    await age();
    const refused = await app.call('POST', `${base}/mfa/totp`, { token: ada.accessToken });
    expect(refused.body.code).toBe('auth.step_up_required');
    const { status, body } = await stepUp({ password: goodPassword });
    expect(status).toBe(200);
    const token = body.accessToken as string;
    expect((await app.call('POST', `${base}/mfa/totp`, { token })).status).toBe(201);
    expect(await me(ada.accessToken)).toBe(401);
    const { refreshToken } = ada;
    expect((await app.post(`${base}/refresh`, { refreshToken })).status).toBe(401);
    const ended = (await app.audit('auth.session_revoked')).filter((e) => e['actor_id'] === ada.id);
    expect(ended).toMatchObject([{ payload: { reason: 'stepped_up' } }]);
  });

  it('[ID-10] takes the right password only, behind the lock', async () => {
    for (let n = 0; n < 6; n++) {
      const { status, body } = await stepUp({ password: 'not the right password' });
      expect([status, body.code]).toEqual([401, 'auth.invalid_credentials']);
    }
    expect((await stepUp({ password: goodPassword })).status).toBe(429);
    expect(await me(ada.accessToken)).toBe(200);
  });

  it('[V6.3.3] demands the second factor where one is in place', async () => {
    const { authenticator } = await Authenticator.enrol(app, ada);
    const missing = await stepUp({ password: goodPassword });
    expect(missing).toMatchObject({ status: 400, body: { errors: [{ pointer: '/code' }] } });
    const wrong = await stepUp({ password: goodPassword, code: '000000' });
    expect(wrong.body.code).toBe('mfa.invalid_code');
    const code = authenticator.code();
    const { status, body } = await stepUp({ password: goodPassword, code });
    expect(status).toBe(200);
    const replayed = await stepUp({ password: goodPassword, code }, body.accessToken as string);
    expect(replayed.body.code).toBe('mfa.invalid_code');
    expect(await me(body.accessToken as string)).toBe(200);
  });
});

describe.each(sessionStores)('With sessions in $name', (store) => {
  const it = store.installed ? test : test.skip;
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    if (store.installed) app = await TestApp.start({ env: await store.start() });
  });
  afterAll(async () => {
    if (!store.installed) return;
    await app.close();
    await store.stop();
  });
  beforeEach(async () => {
    if (store.installed) ada = await app.member();
  });

  const alive = async (): Promise<number> => (await store.generations(app, ada.id)).length;

  it('[V7.2.4] of 8 parallel tries to step up one replaces the session', async () => {
    const { accessToken: token } = ada;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        app.post(`${base}/step-up`, { password: goodPassword }, { token }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await alive()).toBe(1);
    expect((await app.get('/api/v1/users/me', { token })).status).toBe(401);
  });

  it('[V7.4.3] enabling a second factor keeps one session, and a replayed code opens none', async () => {
    await app.signIn(ada.id, ada.username);
    const { authenticator } = await Authenticator.enrol(app, ada);
    expect(await alive()).toBe(1);
    const { body } = await app.post(`${base}/login`, {
      identifier: ada.username,
      password: goodPassword,
    });
    const code = authenticator.code();
    const verify = { mfaToken: body.mfaToken as string, code };
    expect((await app.post(`${base}/mfa/verify`, verify)).status).toBe(200);
    expect((await app.post(`${base}/mfa/verify`, verify)).status).toBe(401);
    expect(await alive()).toBe(2);
  });
});

import { UserErasure } from '../../../src/features/users/user-erasure.js';
import { PersonalDataService } from '../../../src/features/personal-data/index.js';
import { runAs } from '../../../src/platform/context/request-context.js';
import { expectProblem } from '../../security/support/problem.js';
import { outboxOf } from '../../support/mailbox.js';
import { endFolders, eventually, temporaryFolder } from '../../support/processes.js';
import { goodPassword, randomName, type SignedIn, TestApp } from '../../support/test-app.js';

/** Tables about users that no export shows, and why. */
const nothingToShow: Record<string, string> = {
  one_time_tokens: 'hashes of links, and a new address until it is confirmed',
};

describe('Personal data', () => {
  let app: TestApp;
  let admin: SignedIn;
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    app = await TestApp.start({ env: { PROCESS_ROLES: 'api,worker', DATA_DIR: folder } });
    admin = await app.administrator();
  });
  afterAll(async () => {
    await app.close();
    await endFolders();
  });

  const sql = async <T extends object>(text: string, ...values: unknown[]): Promise<T[]> =>
    (await app.database.superuser.query<T>(text, values)).rows;
  const login = (identifier: string): ReturnType<TestApp['post']> =>
    app.post('/api/v1/auth/login', { identifier, password: goodPassword });
  const remove = (user: SignedIn): ReturnType<TestApp['call']> =>
    app.call('DELETE', '/api/v1/users/me', { token: user.accessToken });
  const read = (id: string): ReturnType<TestApp['get']> =>
    app.get(`/api/v1/users/${id}`, { token: admin.accessToken });
  const erase = (): Promise<number> =>
    runAs('system', 'test', () => app.app.get(UserErasure).run());
  const timePasses = (id: string): Promise<object[]> =>
    sql(`UPDATE users SET deletion_due_at = now() - interval '1 second' WHERE id = $1`, id);

  describe('export', () => {
    it('[ID-14] gives one file with all that is held on me, and nothing on others', async () => {
      const me = await app.member();
      const other = await app.member();
      await app.call('PATCH', '/api/v1/users/me', {
        token: me.accessToken,
        body: { displayName: 'Ada Lovelace' },
      });
      const url = '/api/v1/users/me/export';
      const answer = await app.get(url, { token: me.accessToken });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'content-disposition': 'attachment; filename="my-data.json"',
        'cache-control': 'no-store',
      });
      expect(answer.body.data).toMatchObject({
        account: { id: me.id, email: me.email, displayName: 'Ada Lovelace' },
        sessions: [{ address: '127.0.0.1' }],
      });
      const actions = (answer.body.data.auditEvents as { action: string }[]).map(
        (each) => each.action,
      );
      expect(actions).toEqual(
        expect.arrayContaining(['users.registered', 'auth.signed_in', 'users.data_exported']),
      );
      const text = JSON.stringify(answer.body);
      expect(text).not.toContain('$argon2');
      expect(text).not.toContain(me.refreshToken);
      expect(text).not.toContain(other.id);
    });

    it('[ID-14] tells of open invitations, and of nobody else in them', async () => {
      const me = await app.administrator();
      const other = await app.administrator();
      for (const [email, { accessToken: token }] of [
        ['guest@example.com', me],
        [me.email, other],
      ] as const) {
        expect((await app.post('/api/v1/invitations', { email }, { token })).status).toBe(201);
      }
      const { body } = await app.get('/api/v1/users/me/export', { token: me.accessToken });
      expect(body.data.invitations).toMatchObject([
        { byYou: true, email: null, roles: ['member'] },
        { byYou: false, email: me.email, roles: ['member'] },
      ]);
      expect(JSON.stringify(body.data.invitations)).not.toContain(other.id);
    });

    it('[ID-14] does not tell from where others looked at me', async () => {
      const me = await app.member();
      await app.get(`/api/v1/users/${me.id}`, {
        token: admin.accessToken,
        headers: { 'user-agent': 'the browser of somebody else' },
      });
      const { body } = await app.get('/api/v1/users/me/export', { token: me.accessToken });
      const seen = (body.data.auditEvents as Record<string, unknown>[]).find(
        ({ action }) => action === 'users.read',
      );
      expect(seen).toMatchObject({ byYou: false, address: null, userAgent: null });
      expect(JSON.stringify(body)).not.toContain('somebody else');
    });

    it('[ID-14] leaves no event out and tells none twice, however many', async () => {
      const me = await app.member();
      await sql(
        `WITH made AS (SELECT gen_random_uuid() AS id FROM generate_series(1, 1100))
         INSERT INTO audit_events (id, leaf)
         SELECT id, jsonb_build_object('id', id, 'action', 'test.event', 'category', 'access',
           'outcome', 'success', 'actor', jsonb_build_object('kind', 'user', 'id', $1::text),
           'requestId', 'test', 'payload', '{}'::jsonb) FROM made`,
        me.id,
      );
      const { body } = await app.get('/api/v1/users/me/export', { token: me.accessToken });
      const events = body.data.auditEvents as { id: string; action: string }[];
      expect(events.filter(({ action }) => action === 'test.event')).toHaveLength(1_100);
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    });

    it('[ID-14][V2.4.1] is limited', async () => {
      const strict = await TestApp.start({ env: { RATE_LIMIT_SCALE: '0.1' } });
      const root = await strict.administrator();
      const url = '/api/v1/users/me/export';
      expect((await strict.get(url, { token: root.accessToken })).status).toBe(200);
      const refused = await strict.get(url, { token: root.accessToken });
      expectProblem(refused, 'throttling.limit_exceeded');
      await strict.close();
    });

    it('[ID-14] speaks for every table that is about users', async () => {
      const tables = await sql<{ name: string }>(
        `SELECT DISTINCT table_name AS name FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name IN ('user_id', 'actor_id', 'subject_id')
           AND NOT (SELECT relispartition FROM pg_class WHERE oid = table_name::regclass)
         UNION SELECT conrelid::regclass::text FROM pg_constraint
         WHERE contype = 'f' AND confrelid = 'users'::regclass`,
      );
      const spoken = app.app.get(PersonalDataService).sections();
      const known = spoken.flatMap((section) => section.tables);
      expect(known).toContain('users');
      const forgotten = tables
        .map(({ name }) => name)
        .filter((name) => !known.includes(name) && !(name in nothingToShow));
      expect(forgotten).toEqual([]);
      expect(Object.keys(nothingToShow).filter((name) => known.includes(name))).toEqual([]);
    });
  });

  describe('deletion', () => {
    it('[ID-14][V7.4.2] ends every session at once and lets nobody sign in', async () => {
      const me = await app.member();
      const elsewhere = await app.signIn(me.id, me.username);
      expect((await remove(me)).status).toBe(204);
      for (const { accessToken, refreshToken } of [me, elsewhere]) {
        expectProblem(
          await app.get('/api/v1/users/me', { token: accessToken }),
          'auth.invalid_token',
        );
        const refreshed = await app.post('/api/v1/auth/refresh', { refreshToken });
        expectProblem(refreshed, 'auth.invalid_refresh_token');
      }
      expectProblem(await login(me.username), 'auth.invalid_credentials');
      const { body } = await read(me.id);
      expect(body.status).toBe('deleted');
      const days = (Date.parse(body.deletionDueAt as string) - Date.now()) / 86_400_000;
      expect(days).toBeGreaterThan(13.9);
      expect(days).toBeLessThan(14.1);
      expect((await app.audit('users.deleted')).at(-1)).toMatchObject({ actor_id: me.id });
    });

    it('[ID-14] can be taken back by an administrator until the time is over', async () => {
      const me = await app.member();
      await remove(me);
      expect(await erase()).toBe(0);
      const restored = await app.call('PATCH', `/api/v1/users/${me.id}`, {
        token: admin.accessToken,
        body: { status: 'active' },
      });
      expect(restored.body).toMatchObject({ status: 'active', deletionDueAt: null });
      expect((await login(me.username)).status).toBe(200);
    });

    it('[ID-14][V6.4.1] can be taken back by its owner with the link in the mail, once', async () => {
      const me = await app.member();
      await remove(me);
      const restore = (token: string): ReturnType<TestApp['post']> =>
        app.post('/api/v1/users/restore', { token });
      expectProblem(await restore('made up'), 'users.restore_refused');
      let token = '';
      await eventually(async () => {
        const mail = (await outboxOf(folder)).find(
          ({ to, subject }) => to === me.email && subject === 'Your account was deleted',
        );
        expect(mail).toBeDefined();
        token = mail!.token!;
      });
      const tries = await Promise.all(Array.from({ length: 16 }, () => restore(token)));
      expect(tries.filter(({ status }) => status === 204)).toHaveLength(1);
      expectProblem(await restore(token), 'users.restore_refused');
      expect((await login(me.username)).status).toBe(200);
      expect((await app.audit('users.restored')).at(-1)).toMatchObject({ actor_id: me.id });
    });

    it('[ID-14] by an administrator is not for its owner to take back', async () => {
      const me = await app.member();
      await app.call('DELETE', `/api/v1/users/${me.id}`, { token: admin.accessToken });
      const purposes = await sql<{ purpose: string }>(
        'SELECT purpose FROM one_time_tokens WHERE user_id = $1',
        me.id,
      );
      expect(purposes).not.toContainEqual({ purpose: 'restore' });
    });

    it('[ID-14] then erases all that is held, but the shape of the audit trail', async () => {
      const me = await app.member();
      await remove(me);
      await timePasses(me.id);
      const before = await app.audit();
      const about = ({ actor_id, target_id }: Record<string, unknown>): boolean =>
        actor_id === me.id || target_id === me.id;
      expect(JSON.stringify(before.filter(about))).toContain(me.username);
      expect(await erase()).toBe(1);
      expect(await erase()).toBe(0);
      expectProblem(await read(me.id), 'users.not_found');
      const after = await app.audit();
      const leaves = (events: typeof after): unknown[] => events.map(({ leaf }) => leaf);
      expect(leaves(after)).toEqual(expect.arrayContaining(leaves(before))); // so proofs hold
      const left = after.filter(about);
      expect(JSON.stringify(left)).not.toContain(me.username);
      expect(left.filter(({ address, user_agent }) => address ?? user_agent)).toEqual([]);
      expect(left.find(({ action }) => action === 'users.deleted')).toMatchObject({
        payload: { changed: ['status'] },
      });
      expect(await sql('SELECT 1 FROM audit_addresses WHERE subject_id = $1', me.id)).toEqual([]);
      expect(left.at(-1)).toMatchObject({ action: 'users.erased', target_id: me.id });
      const tables = await sql<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'user_id'`,
      );
      for (const { name } of tables) {
        expect([name, await sql(`SELECT 1 FROM ${name} WHERE user_id = $1`, me.id)]).toEqual([
          name,
          [],
        ]);
      }
      const again = await app.member(me.username);
      expect(again.id).not.toBe(me.id);
    });

    it('[ID-14][V15.4.2] two erasing at once erase each account once', async () => {
      const users = await Promise.all(Array.from({ length: 12 }, () => app.member()));
      for (const user of users) {
        await remove(user);
        await timePasses(user.id);
      }
      const counts = await Promise.all([erase(), erase(), erase()]);
      expect(counts.reduce((sum, count) => sum + count)).toBe(12);
    });

    it('[ID-14][V7.5.1] asks for a recent sign-in', async () => {
      const me = await app.member();
      await sql(
        `UPDATE sessions SET created_at = now() - interval '11 minutes' WHERE user_id = $1`,
        me.id,
      );
      expectProblem(await remove(me), 'auth.step_up_required');
      expect((await read(me.id)).body.status).toBe('active');
    });

    it('[AC-01] keeps the last administrator', async () => {
      const single = await TestApp.start();
      const one = await single.administrator();
      const two = await single.administrator();
      const both = await Promise.all(
        [one, two].map(({ accessToken: token }) =>
          single.call('DELETE', '/api/v1/users/me', { token }),
        ),
      );
      expect(both.map(({ status }) => status).sort()).toEqual([204, 409]);
      await single.close();
    });

    it('[ID-14][AC-01] of others needs the permission and the rank', async () => {
      const victim = await app.member();
      const member = await app.member();
      const url = `/api/v1/users/${victim.id}`;
      const by = (user: SignedIn, path = url): ReturnType<TestApp['call']> =>
        app.call('DELETE', path, { token: user.accessToken });
      expectProblem(await by(member), 'access.denied');
      const helper = await app.member();
      const role = randomName();
      await app.post(
        '/api/v1/roles',
        { name: role, description: 'Deletes', permissions: ['users.delete'] },
        { token: admin.accessToken },
      );
      await app.call('PUT', `/api/v1/users/${helper.id}/roles`, {
        token: admin.accessToken,
        body: { roles: [role] },
      });
      expectProblem(await by(helper, `/api/v1/users/${admin.id}`), 'users.outranks_you');
      expectProblem(await by(helper, `/api/v1/users/${helper.id}`), 'users.own_status');
      expectProblem(
        await by(helper, `/api/v1/users/0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10`),
        'users.not_found',
      );
      expect((await by(helper)).status).toBe(204);
      expect((await read(victim.id)).body.status).toBe('deleted');
    });
  });
});

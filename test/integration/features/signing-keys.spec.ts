import { AccessTokensService, KeyRotationService } from '../../../src/features/tokens/index.js';
import { SigningKeysRepository } from '../../../src/features/tokens/signing-keys.repository.js';
import { Caches } from '../../../src/platform/cache/index.js';
import { eventually } from '../../support/processes.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';

jest.setTimeout(120_000);

const day = 86_400;
const lead = 3_600;
/** Life of an access token, and the leeway after it. */
const overlap = 3_600 + 60;

describe('Rotation of signing keys', () => {
  let app: TestApp;
  let other: TestApp;
  let keys: KeyRotationService;

  beforeEach(async () => {
    app = await TestApp.start({ env: { SESSIONS_PER_USER: '100' } });
    other = await second();
    keys = app.app.get(KeyRotationService);
  });
  afterEach(async () => {
    await other.close();
    await app.close();
  });

  const second = (env: Record<string, string> = {}): Promise<TestApp> =>
    TestApp.start({
      database: app.database,
      masterKey: app.masterKey,
      env: { SESSIONS_PER_USER: '100', ...env },
    });

  /** Moves the keys into the past, as waiting would, and has both instances see it. */
  async function pass(seconds: number): Promise<void> {
    await app.database.superuser.query(
      'UPDATE signing_keys SET signs_from = signs_from - make_interval(secs => $1)',
      [seconds],
    );
    await announce();
  }

  async function announce(): Promise<void> {
    await app.database.superuser.query(
      `SELECT pg_notify('gatehouse_invalidate', '["signing-keys"]')`,
    );
    await new Promise((done) => setTimeout(done, 100));
  }

  const kidsOf = async (instance: TestApp): Promise<string[]> =>
    (await instance.get('/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid);
  const kidOf = ({ accessToken }: SignedIn): string => headerOf(accessToken)['kid']!;
  const headerOf = (token: string): Record<string, string> =>
    JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString());
  const status = async ({ accessToken: token }: SignedIn, instance = app): Promise<number> =>
    (await instance.get('/api/v1/users/me', { token })).status;
  const again = (user: SignedIn, instance = app): Promise<SignedIn> =>
    instance.signIn(user.id, user.username);
  const told = async (action: string): Promise<unknown[]> =>
    (await app.audit(action)).map(({ target_id, payload }) => [target_id, payload]);

  it('[ID-06] publishes a key, signs with it, keeps the old one for its tokens, drops it', async () => {
    const [first] = await kidsOf(app);
    const early = await app.member();
    const { id: next } = await keys.rotate();
    await eventually(async () => expect(await kidsOf(other)).toEqual([next, first]), 1_000);
    expect(await kidsOf(app)).toEqual([next, first]);
    const meanwhile = await again(early);
    expect([kidOf(early), kidOf(meanwhile)]).toEqual([first, first]);
    expect((await keys.list()).map(({ id, state }) => [id, state])).toEqual([
      [next, 'next'],
      [first, 'signing'],
    ]);

    await pass(lead);
    for (const instance of [app, other]) {
      const late = await again(early, instance);
      expect(kidOf(late)).toBe(next);
      for (const each of [early, meanwhile, late]) expect(await status(each, instance)).toBe(200);
      expect(await kidsOf(instance)).toEqual([next, first]);
    }
    await keys.check();
    expect(await keys.list()).toHaveLength(2);

    await pass(overlap);
    for (const instance of [app, other]) {
      expect(await kidsOf(instance)).toEqual([next]);
      for (const each of [early, meanwhile]) expect(await status(each, instance)).toBe(401);
      expect(await status(await again(early, instance), instance)).toBe(200);
    }
    await keys.check();
    expect((await keys.list()).map(({ id }) => id)).toEqual([next]);
    expect(await told('keys.retired')).toEqual([[first, {}]]);
    const facts = { algorithm: 'RS256', signsInSeconds: lead };
    expect((await told('keys.created')).at(-1)).toEqual([next, { ...facts, reason: 'operator' }]);
  });

  it('[ID-06][F15] makes one key of 16 rotations at once on two instances', async () => {
    const services = [keys, other.app.get(KeyRotationService)];
    const made = await Promise.all(Array.from({ length: 16 }, (_, i) => services[i % 2]!.rotate()));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    await eventually(async () => {
      expect(await kidsOf(other)).toEqual(await kidsOf(app));
      expect(await kidsOf(app)).toHaveLength(2);
    }, 1_000);
    expect((await keys.rotate()).id).toBe(made[0]!.id);
    expect(await told('keys.created')).toHaveLength(2);
  });

  it('[ID-06][F15] rotates once when two instances find a key old at once', async () => {
    await keys.check();
    await pass(90 * day - 100);
    await keys.check();
    expect(await keys.list()).toHaveLength(1);
    await pass(100);
    const services = [keys, other.app.get(KeyRotationService)];
    await Promise.all([...services, ...services].map((service) => service.check()));
    expect((await keys.list()).map(({ state }) => state)).toEqual(['next', 'signing']);
    await pass(lead);
    await keys.check();
    expect((await keys.list()).map(({ state }) => state)).toEqual(['signing', 'verifying']);
  });

  it('[ID-06][F07] is not run twice by a clock that jumps ahead and back', async () => {
    const user = await app.member();
    await pass(100 * day); // ahead
    await keys.check();
    await pass(-100 * day); // and back
    const [next] = await keys.list();
    expect(next!.signsFrom.getTime()).toBeGreaterThan(Date.now() + 99 * day * 1000);
    for (let i = 0; i < 3; i++) await keys.check();
    expect(await keys.list()).toHaveLength(2);
    const inSeconds = ((await keys.list())[0]!.signsFrom.getTime() - Date.now()) / 1000;
    expect(Math.abs(inSeconds - lead)).toBeLessThan(30);
    expect([await status(user), await status(user, other)]).toEqual([200, 200]);
  });

  it('[ID-06] lets a key verify for the longest token that any instance gave it', async () => {
    const patient = await second({ ACCESS_TOKEN_SECONDS: '7200' });
    const user = await app.member();
    const long = await again(user, patient);
    await keys.rotate();
    await pass(lead);
    await pass(overlap);
    expect([await status(user), await status(long)]).toEqual([200, 200]); // the key is still there
    await pass(3_600);
    expect([await status(user), await status(long)]).toEqual([401, 401]);
    await patient.close();
  });

  it('[ID-06] removes a compromised key at once: its tokens fail on every instance within 1 s', async () => {
    const user = await app.member();
    for (const instance of [app, other]) expect(await status(user, instance)).toBe(200);
    const old = kidOf(user);
    expect(await keys.revoke(old)).toBe(true);
    expect(await status(user)).toBe(401);
    await eventually(async () => expect(await status(user, other)).toBe(401), 1_000);
    const fresh = await again(user, other);
    expect(kidOf(fresh)).not.toBe(old);
    for (const instance of [app, other]) {
      expect(await status(fresh, instance)).toBe(200);
      expect(await kidsOf(instance)).toEqual([kidOf(fresh)]);
    }
    expect(await told('keys.revoked')).toEqual([[old, { signing: true }]]);
    expect(await keys.revoke(old)).toBe(false);
    expect(await told('keys.revoked')).toHaveLength(1);
  });

  it('[ID-06] has the next key sign at once when the one before it is removed', async () => {
    const user = await app.member();
    const { id: next } = await keys.rotate();
    expect(await keys.revoke(kidOf(user))).toBe(true);
    expect(kidOf(await again(user))).toBe(next);
    expect(await kidsOf(app)).toEqual([next]);
  });

  it('[ID-06] removes the next key, or one that only verifies, and goes on signing', async () => {
    const user = await app.member();
    const { id: next } = await keys.rotate();
    expect(await keys.revoke(next)).toBe(true);
    expect(kidOf(await again(user))).toBe(kidOf(user));
    const { id: successor } = await keys.rotate();
    expect(successor).not.toBe(next);
    await pass(lead);
    expect(await keys.revoke(kidOf(user))).toBe(true);
    expect(await status(user)).toBe(401);
    expect(kidOf(await again(user))).toBe(successor);
  });

  it('[ID-06][F15] replaces a key once when two instances remove it at once', async () => {
    const [first = ''] = await kidsOf(app);
    const services = [keys, other.app.get(KeyRotationService)];
    const removed = await Promise.all([...services, ...services].map((each) => each.revoke(first)));
    expect(removed.filter(Boolean)).toHaveLength(1);
    expect(await keys.list()).toHaveLength(1);
  });

  it('[ID-06] changes the algorithm with one instance restarting after the other, and refuses no token', async () => {
    const user = await app.member();
    const [first] = await kidsOf(app);
    const restarted = await second({ TOKEN_ALGORITHM: 'ES256' });
    await restarted.app.get(KeyRotationService).adoptAlgorithm(); // as main does
    await restarted.app.get(KeyRotationService).adoptAlgorithm();
    const [next] = await keys.list();
    expect(next).toMatchObject({ algorithm: 'ES256', state: 'next' });
    const instances = [app, other, restarted];
    for (const instance of instances) {
      const signedIn = await again(user, instance);
      expect(kidOf(signedIn)).toBe(first);
      for (const each of instances) expect(await status(signedIn, each)).toBe(200);
    }
    await pass(lead);
    for (const instance of instances) {
      const signedIn = await again(user, instance);
      expect(headerOf(signedIn.accessToken)).toMatchObject({ alg: 'ES256', kid: next!.id });
      for (const each of instances) {
        expect([await status(signedIn, each), await status(user, each)]).toEqual([200, 200]);
      }
    }
    expect((await keys.rotate()).algorithm).toBe('ES256'); // an operator's shell may not know
    expect((await told('keys.created'))[1]).toMatchObject([next!.id, { reason: 'algorithm' }]);
    await restarted.close();
  });

  it('[ID-06] signs with PS256 as well, from the first key on', async () => {
    const fresh = await TestApp.start({ env: { TOKEN_ALGORITHM: 'PS256' } });
    const user = await fresh.member();
    expect(headerOf(user.accessToken)).toMatchObject({ alg: 'PS256' });
    expect(await status(user, fresh)).toBe(200);
    await fresh.close();
  });

  it('[ID-06] knows a key that nobody announced by its first token', async () => {
    const user = await app.member();
    const { id } = await keys.rotate();
    const { superuser } = app.database;
    await superuser.query('CREATE TABLE hidden AS SELECT * FROM signing_keys WHERE id = $1', [id]);
    await superuser.query('DELETE FROM signing_keys WHERE id = $1', [id]);
    await announce();
    expect(await kidsOf(other)).not.toContain(id);
    await superuser.query('UPDATE hidden SET signs_from = now()');
    await superuser.query('INSERT INTO signing_keys SELECT * FROM hidden');
    const third = await second();
    const fresh = await again(user, third);
    expect(kidOf(fresh)).toBe(id);
    expect(await status(fresh, other)).toBe(200);
    await third.close();
  });

  it('[ID-06] does not ask the database for every id that a liar makes up', async () => {
    const user = await app.member();
    const [head = '', ...rest] = user.accessToken.split('.');
    const tokens = app.app.get(AccessTokensService);
    const misses = async (): Promise<number> => {
      const text = await (await app.get('/metrics')).body;
      return Number(/cache_misses_total\{cache_type="signing_keys"\} (\d+)/.exec(text)?.[1]);
    };
    await tokens.verify(user.accessToken);
    const before = await misses();
    for (let i = 0; i < 500; i++) {
      const kid = String(i).padStart(43, 'A');
      const lie = Buffer.from(JSON.stringify({ ...headerOf(`${head}.`), kid })).toString(
        'base64url',
      );
      expect(await tokens.verify([lie, ...rest].join('.'))).toBeNull();
    }
    expect((await misses()) - before).toBeLessThanOrEqual(2);
  });

  it('[ID-06][F06] asks the database for one key set at a time, cached or not', async () => {
    const all = jest.spyOn(app.app.get(SigningKeysRepository), 'all');
    const deaf = (): boolean => !app.app.get(Caches).hearing;
    await eventually(() => expect(deaf()).toBe(false));
    await app.database.superuser.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'gatehouse-listener'`,
    );
    await eventually(() => expect(deaf()).toBe(true), 1_000, 1);
    const asked = Array.from({ length: 100 }, () => kidsOf(app));
    expect(new Set((await Promise.all(asked)).flat()).size).toBe(1);
    expect(all.mock.calls.length).toBeLessThan(30);
  });

  it('[ID-06][PE-12] tells a key set that is not changed from one that is, and for how long it holds', async () => {
    const jwks = '/.well-known/jwks.json';
    const { headers } = await app.get(jwks);
    expect(headers['cache-control']).toBe('public, max-age=300');
    expect(headers['etag']).toMatch(/^"[\w-]{43}"$/);
    for (const tag of [headers['etag']!, `W/${headers['etag']}`, `"x", ${headers['etag']}`, '*']) {
      const same = await app.get(jwks, { headers: { 'if-none-match': tag } });
      expect([same.status, same.body, same.headers['etag']]).toEqual([304, '', headers['etag']]);
    }
    await keys.rotate();
    const changed = await app.get(jwks, { headers: { 'if-none-match': headers['etag']! } });
    expect([changed.status, changed.body.keys.length]).toEqual([200, 2]);
    expect(changed.headers['etag']).not.toBe(headers['etag']);
  });
});

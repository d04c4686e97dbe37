import { LockoutService } from '../../../src/features/lockout/index.js';
import { LockoutCleanup } from '../../../src/features/lockout/lockout-cleanup.js';
import { AccountsService } from '../../../src/features/users/index.js';
import { Database } from '../../../src/platform/database/index.js';
import { type Answer, goodPassword, randomName, TestApp } from '../../support/test-app.js';

/** Where a try comes from. */
interface Place {
  address?: string;
  userAgent?: string;
}

jest.setTimeout(180_000); // thousands of password hashes

const wrong = 'not the right password';
let addresses = 0;
const newAddress = (): string => `198.18.${Math.floor(++addresses / 250)}.${(addresses % 250) + 1}`;

describe('Guessing', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({
      env: {
        TRUSTED_PROXIES: '127.0.0.1',
        RATE_LIMIT_SCALE: '100000',
        HTTP_HANDLER_TIMEOUT_MS: '60000', // a busy machine must not turn guesses away
        DATABASE_ACQUIRE_TIMEOUT_MS: '30000',
        DATABASE_POOL_QUEUE_MAX: '1000',
      },
    });
  });
  afterAll(() => app.close());

  const login = (
    identifier: string,
    password: string,
    { address = newAddress(), userAgent = 'test' }: Place = {},
  ): Promise<Answer> =>
    app.post(
      '/api/v1/auth/login',
      { identifier, password },
      { headers: { 'x-forwarded-for': address, 'user-agent': userAgent } },
    );

  /** Tries in bursts, as an attacker with many connections does; gives the number by status. */
  const attack = async (
    tries: number,
    attempt: (n: number) => Promise<Answer>,
  ): Promise<Record<number, number>> => {
    const counts: Record<number, number> = {};
    for (let done = 0; done < tries; done += 50) {
      const burst = Array.from({ length: 50 }, (_, n) => attempt(done + n));
      for (const { status } of await Promise.all(burst)) counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  };

  /** Lets time pass for every failure there is. */
  const pass = (interval: string): Promise<unknown> =>
    app.database.superuser.query(
      `UPDATE failed_attempts SET last_failed_at = last_failed_at - $1::interval,
                                  locked_until = locked_until - $1::interval`,
      [interval],
    );

  const judgedOf = async (userId: string): Promise<number> =>
    (await app.audit('auth.sign_in_refused')).filter((e) => e['target_id'] === userId).length;

  it('[ID-10][V6.3.1] 1,000 wrong passwords from one address: a few are judged, and the owner gets in from elsewhere', async () => {
    const user = await app.member();
    const address = newAddress();
    const counts = await attack(1_000, () => login(user.username, wrong, { address }));
    expect(Object.keys(counts)).toEqual(['401', '429']);
    expect(counts[401]).toBeLessThan(15);
    expect(await judgedOf(user.id)).toBe(counts[401]);
    // The right password is not told either, while the lock is in place.
    expect((await login(user.username, goodPassword, { address })).status).toBe(429);
    expect((await login(user.username, goodPassword)).status).toBe(200);
    const locks = (await app.audit('auth.locked_out')).filter((e) => e['target_id'] === user.id);
    expect(locks).toHaveLength(counts[401]! - 5);
    expect(locks[0]).toMatchObject({
      outcome: 'failure',
      payload: { kind: 'sign-in', scope: 'network', seconds: 1 },
    });
  });

  it('[ID-10][V6.3.1] 1,000 wrong passwords from 1,000 addresses: 50 are judged for a name, and the owner gets in from a known device', async () => {
    const user = await app.member();
    const home = { address: newAddress(), userAgent: 'the browser at home' };
    expect((await login(user.email, goodPassword, home)).status).toBe(200);
    const counts = await attack(1_000, () => login(user.email, wrong));
    expect(counts).toEqual({ 401: 50, 429: 950 });
    expect(await judgedOf(user.id)).toBe(50);

    const stranger = await login(user.email, goodPassword);
    expect(stranger).toMatchObject({ status: 429, body: { code: 'auth.too_many_attempts' } });
    expect(Number(stranger.headers['retry-after'])).toBeGreaterThan(86_000);
    const sameNetwork = { ...home, userAgent: 'another browser' };
    expect((await login(user.email, goodPassword, sameNetwork)).status).toBe(429);
    expect((await login(user.email, goodPassword, home)).status).toBe(200);
    // That the owner came in does not let strangers in again: only the day does.
    expect((await login(user.email, goodPassword)).status).toBe(429);
    await pass('24 hours 1 second');
    expect((await login(user.email, goodPassword)).status).toBe(200);
  });

  it('[ID-10] 300 guesses over both names of an account: no more than 100 are judged', async () => {
    const user = await app.member();
    const counts = await attack(300, (n) => login(n % 2 ? user.email : user.username, wrong));
    expect(counts[401]).toBe(100);
  });

  it('[ID-10] the wait grows from one second to a quarter of an hour, and tells how long', async () => {
    const user = await app.member();
    const address = newAddress();
    const waits: number[] = [];
    for (let failure = 1; failure <= 18; failure++) {
      expect((await login(user.username, wrong, { address })).status).toBe(401);
      const { rows } = await app.database.superuser.query<{ seconds: number }>(
        `SELECT max(extract(epoch FROM locked_until - last_failed_at))::int AS seconds
         FROM failed_attempts WHERE last_failed_at = (SELECT max(last_failed_at) FROM failed_attempts)`,
      );
      waits.push(rows[0]!.seconds);
      if (rows[0]!.seconds > 1) {
        const refused = await login(user.username, wrong, { address });
        expect(refused.status).toBe(429);
        expect(Math.abs(Number(refused.headers['retry-after']) - rows[0]!.seconds)).toBeLessThan(2);
      }
      await pass('15 minutes 1 second');
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it('[ID-10] a success forgets the failures before it, and a day without any does', async () => {
    const user = await app.member();
    const address = newAddress();
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 5; n++) await login(user.username, wrong, { address });
      expect((await login(user.username, goodPassword, { address })).status).toBe(200);
    }
    for (let n = 0; n < 6; n++) await login(user.username, wrong, { address });
    expect((await login(user.username, wrong, { address })).status).toBe(429);
    await pass('25 hours');
    for (let n = 0; n < 5; n++) {
      expect((await login(user.username, wrong, { address })).status).toBe(401);
    }
    expect((await login(user.username, goodPassword, { address })).status).toBe(200);
  });

  it('[ID-10] parallel guesses gain nothing: the right one among 200 is not told behind the lock', async () => {
    const user = await app.member();
    const address = newAddress();
    for (let n = 0; n < 5; n++) await login(user.username, wrong, { address });
    const guesses = Array.from({ length: 200 }, (_, n) =>
      login(user.username, n === 120 ? goodPassword : `guess number ${n} is wrong`, { address }),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses[120]).toBe(429);
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(4);
  });

  it('[ID-10][F11] 200 parallel right passwords are never locked out', async () => {
    const user = await app.member();
    await login(user.username, wrong);
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => login(user.username, goodPassword)),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).not.toContain(429);
    expect(statuses).not.toContain(401);
    expect(statuses).toContain(200);
  });

  it('[ID-10][V6.3.8] a name that nobody has is locked just as one that somebody has', async () => {
    const user = await app.member();
    const told = async (identifier: string): Promise<unknown[]> => {
      const address = newAddress();
      const answers: Answer[] = [];
      for (let n = 0; n < 5; n++) answers.push(await login(identifier, wrong, { address }));
      for (let n = 0; n < 60; n++) answers.push(await login(identifier, wrong));
      return answers.map(({ status, headers, body }) => [
        status,
        Object.keys(headers).sort(),
        headers['retry-after']?.replace(/^863\d\d$|^86400$/, 'a day'),
        { ...body, requestId: '' },
      ]);
    };
    const known = await told(user.email);
    expect(known.filter((told) => (told as [number])[0] === 401)).toHaveLength(50);
    expect(await told(`${randomName()}@example.com`)).toEqual(known);
    expect(await told(randomName())).toEqual(known);
  });

  it('[ID-03][V6.3.8] known and unknown names take the same time, over 200 interleaved tries', async () => {
    const users = await Promise.all(Array.from({ length: 10 }, () => app.member()));
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    for (let n = 0; n < 200; n++) {
      const kind = n % 2 ? 'known' : 'unknown';
      const name = n % 2 ? users[n % users.length]!.username : randomName();
      const started = performance.now();
      expect((await login(name, wrong)).status).toBe(401);
      times[kind].push(performance.now() - started);
    }
    const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length / 2]!;
    expect(Math.abs(median(times.known) - median(times.unknown))).toBeLessThan(5);
  });

  it('[ID-10] spellings of one name count together', async () => {
    const user = await app.member();
    const address = newAddress();
    const spellings = [user.email, user.email.toUpperCase(), user.email.replace('u', '\uFF55')];
    for (const spelling of [...spellings, ...spellings]) {
      expect((await login(spelling, wrong, { address })).status).toBe(401);
    }
    expect((await login(user.email.toUpperCase(), wrong, { address })).status).toBe(429);
  });

  it('[ID-10] a reset of the password lets the owner in again', async () => {
    const user = await app.member();
    const address = newAddress();
    for (let n = 0; n < 6; n++) await login(user.email, wrong, { address });
    expect((await login(user.email, goodPassword, { address })).status).toBe(429);
    const names = await app.app.get(AccountsService).signInNames(user.id);
    await app.app.get(LockoutService).lift(user.id, names);
    expect((await login(user.email, goodPassword, { address })).status).toBe(200);
  });

  it('[ID-10] devices of a user are bounded, and forgotten when not seen for long', async () => {
    const user = await app.member();
    for (let n = 0; n < 25; n++) await login(user.username, goodPassword);
    const devices = async (): Promise<number> => {
      const { rowCount } = await app.database.superuser.query(
        'SELECT 1 FROM known_devices WHERE user_id = $1',
        [user.id],
      );
      return rowCount!;
    };
    expect(await devices()).toBe(20);
    await app.database.superuser.query(
      `UPDATE known_devices SET last_seen_at = now() - interval '91 days' WHERE user_id = $1`,
      [user.id],
    );
    await app.app.get(LockoutCleanup).run();
    expect(await devices()).toBe(0);
  });

  it('[ID-10] nothing in the table says who was meant, and what counts no more is removed', async () => {
    const name = randomName();
    await login(name, wrong);
    const dump = async (): Promise<string> => {
      const { rows } = await app.database.superuser.query('SELECT f::text FROM failed_attempts f');
      return JSON.stringify(rows);
    };
    expect(await dump()).not.toContain(Buffer.from(name).toString('hex'));
    await app.app.get(LockoutCleanup).run();
    expect(await dump()).not.toBe('[]');
    await pass('25 hours');
    await app.app.get(LockoutCleanup).run();
    expect(await dump()).toBe('[]');
  });

  it('[ID-10][V16.5.3] fails closed: without its table nobody gets in', async () => {
    const user = await app.member();
    const sql = (text: string): Promise<unknown> => app.database.superuser.query(text);
    await sql('ALTER TABLE failed_attempts RENAME TO hidden');
    const answers = [await login(user.username, goodPassword), await login(user.username, wrong)];
    await sql('ALTER TABLE hidden RENAME TO failed_attempts');
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect((await login(user.username, goodPassword)).status).toBe(200);
  });

  it('[ID-10] a good sign-in costs one statement more', async () => {
    const user = await app.member();
    const home = { address: newAddress() };
    await login(user.username, goodPassword, home);
    const seen = jest.spyOn(app.app.get(Database), 'rows');
    await login(user.username, goodPassword, home);
    const ours = seen.mock.calls.filter(([sql]) => /failed_attempts|known_devices/.test(sql));
    expect(ours).toHaveLength(1);
    seen.mockRestore();
  });

  it('[ID-10][OB-02] locks are counted', async () => {
    const { body } = await app.get('/metrics');
    expect(body).toMatch(/auth_lockouts_total\{scope="network"\} [1-9]/);
    expect(body).toMatch(/auth_lockouts_total\{scope="name"\} [1-9]/);
  });
});

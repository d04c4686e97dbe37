import bcrypt from 'bcrypt';

import {
  type ImportLine,
  type LineOutcome,
  UsersExportService,
  UsersImportService,
} from '../../src/features/users/index.js';
import { runAs } from '../../src/platform/context/request-context.js';
import { goodPassword, randomName, TestApp } from '../support/test-app.js';

const salt = 'c2l4dGVlbiBieXRlIHNhbHQ';
/** Of `goodPassword`, written by Python's hashlib and the reference implementation of Argon2. */
const foreignHashes = {
  scrypt: `$scrypt$ln=14,r=8,p=1$${salt}$q5lpEE00YkZ0EtUDD03+8i+1VwiPRBXaypJuvzZZS18`,
  pbkdf2: `$pbkdf2-sha256$i=1000$${salt}$P5qItr0hldyBQH21Qw7/n/fei3PvNAY9zGKpXmaqXHM`,
  argon2i:
    '$argon2i$v=19$m=64,t=1,p=2$ltHdWA/0LZOnGqI2GsADDg$wlDjauMFUdhI5mPuntHMly1fHx5hoqztwAPtqp9xZ8s',
};

describe('Users of another system', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  async function importLines(...lines: (string | object | null)[]): Promise<LineOutcome[]> {
    async function* numbered(): AsyncGenerator<ImportLine> {
      for (const [index, line] of lines.entries()) {
        const text = typeof line === 'string' ? line : JSON.stringify(line);
        yield { number: index + 1, text: line === null ? null : Buffer.from(text) };
        await Promise.resolve();
      }
    }
    return runAs('operator', 'test', async () => {
      const outcomes: LineOutcome[] = [];
      for await (const batch of app.app.get(UsersImportService).import(numbered())) {
        outcomes.push(...batch);
      }
      return outcomes;
    });
  }

  const user = (more: object = {}): { email: string; username: string } => {
    const username = randomName();
    return { email: `${username}@example.com`, username, ...more };
  };
  const signIn = async (identifier: string): Promise<number> =>
    (await app.post('/api/v1/auth/login', { identifier, password: goodPassword })).status;
  const storedHash = async (username: string): Promise<string | null> => {
    const { rows } = await app.database.superuser.query<{ password_hash: string | null }>(
      'SELECT password_hash FROM users WHERE username_key = $1',
      [username],
    );
    return rows[0]!.password_hash;
  };

  it('[ID-04][ID-14] sign in with the password they had, and its hash is renewed', async () => {
    const hashes = { ...foreignHashes, bcrypt: await bcrypt.hash(goodPassword, 4) };
    for (const [kind, passwordHash] of Object.entries(hashes)) {
      const line = user({ passwordHash, emailVerified: true });
      expect([kind, await importLines(line)]).toEqual([kind, [{ line: 1, outcome: 'imported' }]]);
      expect([kind, await storedHash(line.username)]).toEqual([kind, passwordHash]);
      expect([kind, await signIn(line.email)]).toEqual([kind, 200]);
      expect(await storedHash(line.username)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      expect([kind, await signIn(line.email)]).toEqual([kind, 200]);
    }
  });

  it('[ID-14] bring name, status, roles and time along, and each is audited', async () => {
    const createdAt = '2019-03-01T12:00:00.000Z';
    const line = user({ displayName: 'Ada', status: 'disabled', roles: ['auditor'], createdAt });
    await importLines(line);
    const { accessToken: token } = await app.administrator();
    const found = await app.get(`/api/v1/users?search=${line.username}`, { token });
    expect(found.body.items).toMatchObject([
      {
        displayName: 'Ada',
        status: 'disabled',
        roles: ['auditor'],
        createdAt,
        emailVerified: false,
      },
    ]);
    const events = await app.audit('users.imported');
    expect(events.at(-1)).toMatchObject({
      actor_kind: 'operator',
      target_id: found.body.items[0].id,
      payload: { roles: ['auditor'] },
    });
  });

  it('[ID-14] without a password cannot sign in with any', async () => {
    const line = user({ emailVerified: true });
    await importLines(line);
    expect(await signIn(line.username)).toBe(401);
  });

  it('[ID-14] are refused by line, and the reason names field and rule', async () => {
    const taken = await app.member();
    const fine = user();
    const outcomes = await importLines(
      fine,
      'not JSON',
      null,
      '[]',
      user({ isAdmin: true }),
      user({ email: 'nobody' }),
      user({ username: 'аdmin-kyr' }),
      user({ roles: ['emperor'] }),
      user({ passwordHash: 'plain text' }),
      user({ passwordHash: `$scrypt$ln=30,r=8,p=1$${salt}$${salt}` }),
      user({ status: 'deleted' }),
      user({ createdAt: 'yesterday' }),
      ...['2009-W01-1', '2020-123', '20200101', '2020-01-01T10,5', '9999-01-01'].map((createdAt) =>
        user({ createdAt }),
      ),
      user({ passwordHash: `$scrypt$ln=14,r=8,p=1,ln=1$${salt}$${salt}` }),
      user({ email: taken.email }),
      user({ username: taken.username.toUpperCase() }),
      user({ email: fine.email }),
      { ...fine, email: fine.email.toUpperCase() },
      `{"email":"a@example.com","email":"b@example.com","username":"twice"}`,
      `{"email":"a@example.com","username":"under\\u0000neath"}`,
    );
    const said = outcomes.map((each) =>
      each.outcome === 'refused' ? each.problem.replace(/:.*$/s, '') : each.outcome,
    );
    expect(said).toEqual([
      'imported',
      expect.stringContaining('json'),
      'the line is too long',
      'object',
      '/isAdmin unknownField',
      '/email isEmail',
      '/username username',
      '/roles unknownRole',
      '/passwordHash format',
      '/passwordHash format',
      '/status isIn',
      '/createdAt isIso8601',
      ...Array<string>(5).fill('/createdAt pastTime'),
      '/passwordHash format',
      'address or username belongs to another user',
      'address or username belongs to another user',
      'address or username belongs to another user',
      'present',
      expect.stringContaining('duplicate'),
      expect.stringContaining('/username'),
    ]);
  });

  it('[ID-14][F01] an import that broke off can be repeated', async () => {
    const lines = Array.from({ length: 700 }, () => user());
    await importLines(...lines.slice(0, 510));
    const again = await importLines(...lines);
    const count = (outcome: string): number =>
      again.filter((each) => each.outcome === outcome).length;
    expect([count('present'), count('imported'), count('refused')]).toEqual([510, 190, 0]);
  });

  it('[ID-14] two imports at once of the same users make each once', async () => {
    const lines = Array.from({ length: 300 }, () => user());
    const both = await Promise.all([importLines(...lines), importLines(...lines)]);
    const imported = both.flat().filter(({ outcome }) => outcome === 'imported');
    const present = both.flat().filter(({ outcome }) => outcome === 'present');
    expect([imported.length, present.length]).toEqual([300, 300]);
  });

  it('[ID-14] an export is what an import reads', async () => {
    const collected = async (withHashes: boolean): Promise<Record<string, unknown>[]> => {
      const users: Record<string, unknown>[] = [];
      const pages = app.app.get(UsersExportService).export(withHashes);
      for await (const page of pages) users.push(...(page as object[] as typeof users));
      return users;
    };
    const exported = await collected(true);
    expect(exported.length).toBeGreaterThan(1_000);
    const again = await importLines(...exported);
    expect(again.every(({ outcome }) => outcome === 'present')).toBe(true);
    expect(JSON.stringify(await collected(false))).not.toContain('$argon2');
    expect((await app.audit('users.exported')).at(-1)).toMatchObject({
      payload: { withHashes: false },
    });
  });
});

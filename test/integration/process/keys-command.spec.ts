import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';

import { eventually, temporaryFolder } from '../../support/processes.js';
import {
  account,
  endServices,
  goodPassword,
  ServiceProcess,
} from '../../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

jest.setTimeout(120_000);

const root = resolve(import.meta.dirname, '../../..');

describe('Commands for signing keys', () => {
  let database: TestDatabase;
  let env: Record<string, string>;
  let services: ServiceProcess[];

  beforeEach(async () => {
    database = await createTestDatabase();
    env = {
      DATABASE_URL: database.serviceUrl,
      MIGRATION_DATABASE_URL: database.ownerUrl,
      DATA_DIR: await temporaryFolder(),
      MASTER_KEY: randomBytes(32).toString('base64'),
    };
    services = [await ServiceProcess.start({ env }), await ServiceProcess.start({ env })];
  });
  afterEach(async () => {
    await endServices();
    await database.drop();
  });

  /** Exit code and output of `npm run cli -- keys …`, without npm. */
  function keys(...args: string[]): Promise<[number, string]> {
    const options = { cwd: root, env: { PATH: process.env['PATH'], ...env } };
    return new Promise((done) =>
      execFile(
        process.execPath,
        ['dist/cli.js', 'keys', ...args],
        options,
        (error, stdout, stderr) => done([Number(error?.code ?? 0), stdout + stderr]),
      ),
    );
  }

  const kidsOf = async (service: ServiceProcess): Promise<string[]> =>
    (await service.get('/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid);

  it('[ID-06] list, rotate and revoke, and running instances follow within a second', async () => {
    const [a, b] = services as [ServiceProcess, ServiceProcess];
    const [first = ''] = await kidsOf(a);
    const user = account();
    await a.post('/api/v1/auth/register', user);
    const login = { identifier: user.username, password: goodPassword };
    const token = (await a.post('/api/v1/auth/login', login)).body.accessToken as string;
    const status = (service: ServiceProcess): Promise<number> =>
      service.status('/api/v1/users/me', { token });
    expect([await status(a), await status(b)]).toEqual([200, 200]);

    expect(await keys('list')).toEqual([
      0,
      expect.stringMatching(new RegExp(`^${first}  RS256  signing    signs from 20\\S+Z\n$`)),
    ]);
    const [code, said] = await keys('rotate');
    expect([code, said]).toEqual([0, expect.stringMatching(/^\S{43} is published and signs from/)]);
    const next = said.slice(0, 43);
    for (const service of services) {
      await eventually(async () => expect(await kidsOf(service)).toEqual([next, first]), 1_000);
    }
    expect((await keys('list'))[1]).toMatch(new RegExp(`^${next}  RS256  next .*\n${first} .*\n$`));

    expect(await keys('revoke', first)).toEqual([
      0,
      `${first} is removed; its tokens are refused\n`,
    ]);
    for (const service of services) {
      await eventually(async () => expect(await status(service)).toBe(401), 1_000);
      expect(await kidsOf(service)).toEqual([next]);
    }
    expect(await keys('revoke', first)).toEqual([1, expect.stringContaining('There is no key')]);
    const { rows } = await database.superuser.query(
      `SELECT action, leaf::jsonb #>> '{actor,kind}' AS actor_kind FROM audit_events WHERE action LIKE 'keys.%' ORDER BY id`,
    );
    expect(rows).toEqual([
      { action: 'keys.created', actor_kind: 'system' },
      { action: 'keys.created', actor_kind: 'operator' },
      { action: 'keys.revoked', actor_kind: 'operator' },
    ]);
  });
});

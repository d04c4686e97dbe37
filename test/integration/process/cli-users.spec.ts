import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

import { MasterKey } from '../../../src/platform/crypto/index.js';
import { Authenticator } from '../../support/authenticator.js';
import { endFolders, temporaryFolder } from '../../support/processes.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';

jest.setTimeout(120_000);

const root = resolve(import.meta.dirname, '../../..');

interface Ran {
  code: number | null;
  output: string;
  errors: string;
}

describe('Commands about users', () => {
  const key = randomBytes(32);
  let app: TestApp;
  let folder: string;
  beforeAll(async () => {
    app = await TestApp.start({ masterKey: new MasterKey(key, 'the test') });
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await app.close();
    await endFolders();
  });

  /** `npm run cli -- …` without npm. */
  async function cli(args: string[], input = ''): Promise<Ran> {
    const node = ['--max-old-space-size=96', 'dist/cli.js', ...args];
    const child = spawn(process.execPath, node, {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: app.database.serviceUrl,
        MIGRATION_DATABASE_URL: app.database.ownerUrl,
        DATA_DIR: folder,
        MASTER_KEY: key.toString('base64'),
      },
    });
    child.stdin.on('error', () => undefined); // it may not wait for what it does not want
    child.stdin.end(input);
    const [output, errors, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((done) => child.once('exit', done)),
    ]);
    return { code, output, errors };
  }

  const me = async ({ accessToken: token }: SignedIn): Promise<number> =>
    (await app.get('/api/v1/users/me', { token })).status;

  it('[ID-14][OP-09] import: progress, a line for each refusal, and an exit code', async () => {
    const lines = [
      { email: 'grace@example.com', username: 'grace', emailVerified: true },
      { email: 'nobody', username: 'nobody' },
      { email: 'joan@example.com', username: 'joan' },
    ];
    const file = join(folder, 'users.ndjson');
    await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join('') + '{"email":');
    const first = await cli(['users', 'import', file]);
    expect(first.code).toBe(1);
    expect(first.output).toContain('line 2: /email isEmail: email must be an email\n');
    expect(first.output).toContain('line 4: json: Not valid JSON\n');
    expect(first.output).toContain('2 imported, 0 present, 2 refused\n');
    expect(first.errors).toMatch(/^4 lines in \d+\.\d s \(\d+\/s\)$/m);
    const again = await cli(['users', 'import', '-'], JSON.stringify(lines[0]));
    expect(again).toMatchObject({ code: 0, output: '0 imported, 1 present, 0 refused\n' });
    const missing = await cli(['users', 'import', join(folder, 'none')]);
    expect(missing.code).toBe(1);
    expect(missing.errors).toContain('none');
  });

  it('[ID-14][F25] import: memory does not grow with the file', async () => {
    const line = (n: number): string =>
      `{"email":"person-${n}@example.com","username":"person-${n}","emailVerified":true}\n`;
    const input = Array.from({ length: 8_000 }, (_, n) => line(n)).join('');
    const ran = await cli(['users', 'import', '-'], input);
    expect(ran.errors).toContain('8000 lines in');
    expect(ran).toMatchObject({ code: 0, output: '8000 imported, 0 present, 0 refused\n' });
  });

  it('[ID-14][V16.2.5] export: hashes only when asked for, in a file for its owner', async () => {
    await app.member();
    const without = join(folder, 'without.ndjson');
    const including = join(folder, 'including.ndjson');
    expect((await cli(['users', 'export', without])).code).toBe(0);
    expect((await cli(['users', 'export', including, '--with-password-hashes'])).code).toBe(0);
    expect(await readFile(without, 'utf8')).not.toContain('$argon2id$');
    expect(await readFile(including, 'utf8')).toContain('$argon2id$');
    expect((await stat(including)).mode & 0o777).toBe(0o600);
    const again = await cli(['users', 'export', without]);
    expect(again.code).toBe(1); // nothing is overwritten
    expect(again.errors).toBe(`${without} cannot be made: it is there already\n`);
    const back = await cli(['users', 'import', including]);
    expect(back.output).toMatch(/^0 imported, \d+ present, 0 refused$/m);
  });

  it('[OP-09][V7.4.2] disable: tokens stop working at once', async () => {
    const user = await app.member();
    expect(await me(user)).toBe(200);
    const ran = await cli(['users', 'disable', user.email]);
    expect(ran).toMatchObject({
      code: 0,
      output: `${user.username} <${user.email}> is disabled\n`,
    });
    expect(await me(user)).toBe(401);
    expect((await app.audit('users.updated')).at(-1)).toMatchObject({ actor_kind: 'operator' });
    const unknown = await cli(['users', 'disable', 'nobody-at-all']);
    expect(unknown.code).toBe(1);
    expect(unknown.errors).toContain('nobody is called');
  });

  it('[OP-09] sessions: lists them, and ends them when told to', async () => {
    const user = await app.member();
    await app.signIn(user.id, user.username);
    const listed = await cli(['users', 'sessions', user.username]);
    expect(listed.output.trim().split('\n')).toHaveLength(2);
    expect(listed.output).toContain('127.0.0.1');
    expect(await me(user)).toBe(200);
    const ended = await cli(['users', 'sessions', user.username, '--end']);
    expect(ended.output).toContain('2 sessions ended\n');
    expect(await me(user)).toBe(401);
  });

  it('[OP-09][ID-09] reset-mfa: the password alone suffices again, and sessions end', async () => {
    const user = await app.member();
    await Authenticator.enrol(app, user);
    const ran = await cli(['users', 'reset-mfa', user.username]);
    expect(ran.code).toBe(0);
    expect(await me(user)).toBe(401);
    expect((await app.signIn(user.id, user.username)).accessToken).toBeTruthy();
  });
});

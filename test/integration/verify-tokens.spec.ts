import { type ChildProcess, spawn } from 'node:child_process';
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { SigningKeysService } from '../../src/features/tokens/signing-keys.service.js';
import { sectionsOf } from '../support/notes/page.js';
import { type SignedIn, TestApp } from '../support/test-app.js';

const root = resolve(import.meta.dirname, '../..');

type Json = Record<string, unknown>;
const decode = (part: string): Json =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;
const encode = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('docs/guides/verify-tokens.md', () => {
  let app: TestApp;
  let folder: string;
  let env: Record<string, string | undefined>;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    app = await TestApp.start();
    await app.app.listen({ port: 0, host: '127.0.0.1' });
    const { accessToken: token } = await app.administrator();
    const wanted = { name: 'Orders', scopes: ['tokens.introspect'] };
    const { key } = (await app.post('/api/v1/api-keys', wanted, { token })).body as { key: string };
    env = {
      PATH: process.env['PATH'],
      PORT: '0',
      GATEHOUSE_URL: await app.app.getUrl(),
      GATEHOUSE_ISSUER: 'http://localhost:3000',
      GATEHOUSE_API_KEY: key,
    };
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-guide-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const page = await readFile(join(root, 'docs/guides/verify-tokens.md'), 'utf8');
    for (const { file, text } of sectionsOf(page)) await writeFile(join(folder, file), text);
  });
  afterAll(async () => {
    for (const child of children) child.kill();
    await app.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts one of the page's servers; gives its address. */
  async function start(file: string): Promise<string> {
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, [file], { cwd: folder, env, stdio: [...stdio] });
    children.push(child);
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    return `http://127.0.0.1:${/\d+$/.exec(line)![0]}`;
  }

  /** A token as Gatehouse would sign it, with other claims. */
  async function forged({ accessToken }: SignedIn, claims: Json): Promise<string> {
    const { privateKey } = await app.app.get(SigningKeysService).signing();
    const [head = '', body = ''] = accessToken.split('.');
    const input = `${head}.${encode({ ...decode(body), ...claims })}`;
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  }

  async function introspections(): Promise<number> {
    const { body } = await app.get('/metrics');
    const route = /^http_requests_total\{.*introspect".*\} (\d+)$/m.exec(String(body));
    return Number(route?.[1] ?? 0);
  }

  it.each(['express-server.js', 'fastify-server.js'])('[AC-03][OP-10] %s works', async (file) => {
    const url = await start(file);
    const status = async (path: string, token?: string): Promise<number> => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(url + path, { headers })).status;
    };
    const ada = await app.member();
    const past = Math.floor(Date.now() / 1000) - 60;
    for (const path of ['/orders', '/payments']) {
      const good = await fetch(url + path, {
        headers: { authorization: `Bearer ${ada.accessToken}` },
      });
      expect([path, good.status]).toEqual([path, 200]);
      expect(await good.json()).toMatchObject({ userId: ada.id });
      expect(await status(path)).toBe(401);
      expect(await status(path, 'nonsense')).toBe(401);
      expect(await status(path, ada.refreshToken)).toBe(401);
      expect(await status(path, await forged(ada, {}))).toBe(200);
      expect(await status(path, await forged(ada, { exp: past }))).toBe(401);
      expect(await status(path, await forged(ada, { aud: 'another' }))).toBe(401);
      expect(await status(path, await forged(ada, { iss: 'https://evil.example' }))).toBe(401);
      expect(await status(path, `${ada.accessToken.slice(0, -8)}AAAAAAAA`)).toBe(401);
    }
    const before = await introspections();
    expect(before).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) await status('/payments', await forged(ada, { aud: 'another' }));
    expect(await introspections()).toBe(before); // a liar's tokens use up no quota
    await app.call('POST', '/api/v1/auth/logout', { token: ada.accessToken });
    expect(await status('/orders', ada.accessToken)).toBe(200); // the key set cannot tell
    expect(await status('/payments', ada.accessToken)).toBe(401);
  });
});

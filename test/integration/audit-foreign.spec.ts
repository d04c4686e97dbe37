import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { TestApp } from '../support/test-app.js';

const audit = '/api/v1/audit';
/** Where Debian's `golang-golang-x-mod-dev` puts the checksum database's code. */
const debianSources = '/usr/share/gocode';
const paths = (process.env['PATH'] ?? '').split(':');
const present =
  paths.some((path) => existsSync(join(path, 'go'))) &&
  existsSync(join(debianSources, 'src/golang.org/x/mod/sumdb/tlog'));

(present ? describe : describe.skip)('The audit log, verified by golang.org/x/mod/sumdb', () => {
  let app: TestApp;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-go-'));
    app = await TestApp.start();
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('[AU-03] proofs, checkpoints and consistency are what others take them for', async () => {
    const { accessToken: token } = await app.administrator();
    const read = async (path: string) => (await app.get(`${audit}/${path}`, { token })).body;
    await app.member();
    const [first] = await app.audit();
    const proofs = [await read(`events/${first!['id'] as string}/proof`)];
    const before = (await read('checkpoint')) as string;
    for (let i = 0; i < 5; i++) await app.member();
    for (const { id } of (await app.audit()).slice(-5))
      proofs.push(await read(`events/${id as string}/proof`));
    const after = (await read('checkpoint')) as string;
    const { proof: consistency } = await read(`consistency?from=${before.split('\n')[1]}`);
    const input = { key: await read('public-key'), proofs, before, after, consistency };

    const program = await build();
    expect(await run(program, input)).toBe('verified\n');
    const changed = structuredClone(input);
    changed.proofs[1].leafB64 = Buffer.from('{}').toString('base64');
    await expect(run(program, changed)).rejects.toThrow();
    await expect(run(program, { ...input, before: after, after: before })).rejects.toThrow();
  });

  async function build(): Promise<string> {
    const program = join(folder, 'verify');
    const source = join(import.meta.dirname, '..', 'foreign', 'verify.go');
    // Without modules, so that nothing is downloaded.
    const env = {
      ...process.env,
      GO111MODULE: 'off',
      GOFLAGS: '',
      GOPATH: `${folder}:${debianSources}`,
    };
    await promisify(execFile)('go', ['build', '-o', program, source], { env });
    return program;
  }
});

async function run(program: string, input: object): Promise<string> {
  const running = promisify(execFile)(program);
  running.child.stdin!.end(JSON.stringify(input));
  return (await running).stdout;
}

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { builtDocument } from '../support/built-document.js';
import { temporaryFolder } from '../support/processes.js';
import { endServices, goodPassword, ServiceProcess } from '../support/service-process.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const run = promisify(execFile);
const workspace = resolve(import.meta.dirname, '../openapi');
const administrator = 'root@example.com';

/** Runs a command of a package of the test/openapi workspace; a failure shows what it said. */
async function tool(packageName: string, command: string, ...args: string[]): Promise<string> {
  const require = createRequire(join(workspace, 'package.json'));
  const manifest = require.resolve(`${packageName}/package.json`);
  const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: Record<string, string> };
  return node(join(dirname(manifest), bin[command]!), ...args);
}

async function node(...args: string[]): Promise<string> {
  const done = await run(process.execPath, args, { cwd: workspace }).catch((error: unknown) => {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${args.join(' ')}\n${stdout}\n${stderr}`);
  });
  return done.stdout;
}

describe('The built service', () => {
  let database: TestDatabase;
  let service: ServiceProcess;
  let folder: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-client-'));
    service = await ServiceProcess.start({
      env: {
        DATABASE_URL: database.serviceUrl,
        MIGRATION_DATABASE_URL: database.ownerUrl,
        DATA_DIR: await temporaryFolder(),
        ADMIN_EMAIL: administrator,
        ADMIN_PASSWORD: goodPassword,
      },
    });
  });
  afterAll(async () => {
    await endServices();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('[OP-02] serves at /openapi.json the document that is linted and tested', async () => {
    const { status, headers, body } = await service.get('/openapi.json');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/json/);
    const [server] = (body as { servers: { url: string }[] }).servers;
    expect(body).toEqual(await builtDocument({ PUBLIC_URL: server!.url }));
  });

  it('[OP-03] shows the document at /docs with Swagger UI, from files of its own', async () => {
    const page = await service.get('/docs');
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('Gatehouse API') });
    const files = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const { origin, pathname } = new URL(file, `${service.url}/docs`);
      expect(origin).toBe(service.url);
      expect(await service.status(pathname)).toBe(200);
    }
  });

  it('[OP-02][OP-03] is used by a client that is generated from its document', async () => {
    const schema = join(folder, 'schema.d.ts');
    const project = join(folder, 'tsconfig.json');
    await tool(
      'openapi-typescript',
      'openapi-typescript',
      `${service.url}/openapi.json`,
      '-o',
      schema,
    );
    await writeFile(
      project,
      JSON.stringify({
        extends: join(workspace, 'tsconfig.json'),
        compilerOptions: {
          paths: { 'gatehouse-api': [schema] },
          typeRoots: [resolve(workspace, '../../node_modules/@types')],
        },
      }),
    );
    await tool('typescript', 'tsc', '-p', project);
    const client = join(workspace, 'client.ts');
    const said = await node(client, service.url, administrator, goodPassword);
    expect(said).toBe('the client works\n');
  });
});

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { postmasterOf, processesIn, temporaryFolder } from '../../support/processes.js';
import {
  account,
  endServices,
  goodPassword,
  ServiceProcess,
} from '../../support/service-process.js';
import { createTestDatabase } from '../../support/test-database.js';

jest.setTimeout(120_000);
jest.retryTimes(2, { logErrorsBeforeRetry: true }); // times are contracts that a busy machine may miss

interface Refusal {
  code: number | null;
  ms: number;
  stderr: string;
  output: string;
}

/** Starts the service, which must refuse. */
async function refusal(env: Record<string, string>): Promise<Refusal> {
  const started = performance.now();
  const service = ServiceProcess.launch({ env });
  await Promise.race([service.exited, service.ready().catch(() => undefined)]);
  expect(service.url).toBe('');
  const { code } = await service.exited;
  const { stderr, output } = service;
  return { code, ms: performance.now() - started, stderr, output };
}

function serverUrl(change: (url: URL) => void): string {
  const url = new URL(String(process.env['TEST_OWNER_URL']));
  change(url);
  return url.href;
}

async function listening(host = '127.0.0.1'): Promise<{ server: Server; port: string }> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  return { server, port: String((server.address() as AddressInfo).port) };
}

const key = (): string => randomBytes(32).toString('base64');

describe('A wrong configuration', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await temporaryFolder();
  });
  afterEach(endServices);

  it('[F24][OP-02] is told at once and whole, a line for each variable, without values', async () => {
    const { code, ms, stderr, output } = await refusal({
      DATA_DIR: dataDir,
      PORT: '70000',
      DATABASE_URL: 'mysql://root:hunter2hunter2@db/app',
      LOG_LEVEL: 'loud',
      CORS_ORIGINS: 'https://app.example.com/path',
      HTTP_BODY_LIMIT_BYTES: '1',
    });
    expect(code).toBe(1);
    expect(ms).toBeLessThan(5_000);
    expect(output).not.toContain('hunter2');
    expect(stderr.trimEnd().split('\n')).toEqual([
      'The configuration is not valid:',
      expect.stringMatching(/^ {2}PORT must be a whole number from 0 to 65535$/),
      expect.stringMatching(/^ {2}HTTP_BODY_LIMIT_BYTES must be /),
      expect.stringMatching(/^ {2}CORS_ORIGINS must /),
      expect.stringMatching(/^ {2}DATABASE_URL must be a URL that starts with postgres:\/\/ or /),
      expect.stringMatching(/^ {2}LOG_LEVEL must be one of /),
    ]);
  });

  it.each([
    ['MASTER_KEY', { MASTER_KEY: 'hunter2hunter2' }, 'MASTER_KEY must be 32 bytes'],
    ['MASTER_KEY of zeros', { MASTER_KEY: '0'.repeat(64) }, 'MASTER_KEY is not random'],
    ['METRICS_TOKEN', { METRICS_TOKEN: 'hunter2hunter2' }, 'METRICS_TOKEN must have 32'],
    ['half an administrator', { ADMIN_PASSWORD: 'hunter2hunter2' }, 'ADMIN_EMAIL and ADMIN_PASS'],
    ['MASTER_KEY_FILE', { MASTER_KEY_FILE: '/nowhere/hunter2' }, 'MASTER_KEY_FILE (/nowhere'],
  ])('[F24] %s: one clear line, no secret', async (name, env, line) => {
    const { code, ms, stderr, output } = await refusal({ DATA_DIR: dataDir, ...env });
    expect(code).toBe(1);
    expect(ms).toBeLessThan(5_000);
    expect(stderr).toContain(line);
    if (name !== 'MASTER_KEY_FILE') expect(output).not.toContain('hunter2');
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('[DP-05][F24] production refuses to run on development defaults', async () => {
    const { code, ms, stderr } = await refusal({ NODE_ENV: 'production', DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(ms).toBeLessThan(5_000);
    for (const variable of ['DATABASE_URL', 'PUBLIC_URL']) {
      expect(stderr).toContain(`  ${variable} is required in production`);
    }
    const rest = { DATABASE_URL: 'postgres://a:b@localhost/c', PUBLIC_URL: 'https://example.com' };
    const keyless = await refusal({ NODE_ENV: 'production', DATA_DIR: dataDir, ...rest });
    expect(keyless.stderr).toContain('MASTER_KEY or MASTER_KEY_FILE is required in production');
  });

  it('[F24] a first administrator with a weak password is refused by name', async () => {
    const env = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'hunter2' };
    const { code, stderr, output } = await refusal({ DATA_DIR: dataDir, ...env });
    expect(code).toBe(1);
    expect(stderr).toMatch(/password: /);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(output).not.toContain('hunter2');
    expect(processesIn(dataDir)).toEqual([]);
  });

  const unreachable: [string, string, RegExp][] = [
    ['nobody listens', serverUrl((url) => (url.port = '1')), /nobody listens there/],
    ['the password is wrong', serverUrl((url) => (url.password = 'hunter2')), /password is wrong/],
    ['there is no such user', serverUrl((url) => (url.username = 'nobody')), /password is wrong/],
    ['there is no such database', serverUrl((url) => (url.pathname = '/no')), /does not exist/],
    ['there is no such host', serverUrl((url) => (url.hostname = 'db.invalid')), /host/],
    ['it speaks no TLS', serverUrl((url) => (url.search = 'sslmode=verify-full')), /TLS/],
  ];
  it.each(unreachable)(
    '[F24] DATABASE_URL where %s: one clear line',
    async (_name, url, reason) => {
      const env = { DATA_DIR: dataDir, MASTER_KEY: key(), DATABASE_URL: url };
      const { code, ms, stderr, output } = await refusal(env);
      expect(code).toBe(1);
      expect(ms).toBeLessThan(5_000);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).toContain('DATABASE_URL');
      expect(stderr).toMatch(reason);
      expect(output).not.toContain(new URL(url).password);
    },
  );

  it('[F24] DATABASE_URL where nobody answers: one clear line', async () => {
    const { server, port } = await listening();
    const env = { DATA_DIR: dataDir, DATABASE_URL: serverUrl((url) => (url.port = port)) };
    const { code, stderr } = await refusal(env);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toBe('The database of DATABASE_URL cannot be used: there was no answer\n');
  });

  it('[F24] MIGRATION_DATABASE_URL that is wrong is the one that is named', async () => {
    const DATABASE_URL = serverUrl(() => undefined);
    const MIGRATION_DATABASE_URL = serverUrl((url) => (url.password = 'hunter2'));
    const { stderr } = await refusal({ DATA_DIR: dataDir, DATABASE_URL, MIGRATION_DATABASE_URL });
    expect(stderr).toBe(
      'The database of MIGRATION_DATABASE_URL cannot be used: the password is wrong\n',
    );
  });

  it('[F24] a login that may not create tables: says which variable helps', async () => {
    const database = await createTestDatabase('template1');
    const env = { DATA_DIR: dataDir, DATABASE_URL: database.serviceUrl };
    const { code, stderr } = await refusal(env);
    await database.drop();
    expect(code).toBe(1);
    expect(stderr).toMatch(/may not create tables: set MIGRATION_DATABASE_URL/);
  });

  it.each(['PORT', 'METRICS_PORT'])(
    '[F24] %s taken: one clear line, nothing left',
    async (name) => {
      const { server, port } = await listening();
      const { code, stderr } = await refusal({ DATA_DIR: dataDir, [name]: port });
      server.close();
      expect(code).toBe(1);
      expect(stderr).toMatch(
        new RegExp(`^127.0.0.1:${port} is taken by another process: .*${name}`),
      );
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(processesIn(dataDir)).toEqual([]);
    },
  );

  it('[F24] DATA_DIR that is a file: one clear line', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    for (const path of [file, join(file, 'below')]) {
      const { code, ms, stderr } = await refusal({ DATA_DIR: path });
      expect(code).toBe(1);
      expect(ms).toBeLessThan(5_000);
      expect(stderr).toContain(`DATA_DIR ${path} cannot be written`);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  it('[F24][DA-01] DATA_DIR in use: names the process that has it, which goes on', async () => {
    const first = await ServiceProcess.start({ env: { DATA_DIR: dataDir } });
    const { code, stderr } = await refusal({ DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(stderr).toContain(`DATA_DIR ${dataDir} is in use by process ${first.pid}`);
    expect(await first.status('/health/ready')).toBe(200);
  });
});

describe('A master key that is not the one', () => {
  afterEach(endServices);

  it('[DP-04][F16] is refused by the id of the key it does not open; the right one still does', async () => {
    const [right, wrong] = [key(), key()];
    const dataDir = await temporaryFolder();
    const env = { DATA_DIR: dataDir, MASTER_KEY: right };
    const first = await ServiceProcess.start({ env });
    const made = await first.post('/api/v1/setup', { ...account('root'), token: first.setupToken });
    expect(made.status).toBe(201);
    const jwks = (await first.get('/.well-known/jwks.json')).body;
    await first.stop();
    const { code, stderr, output } = await refusal({ ...env, MASTER_KEY: wrong });
    expect(code).toBe(1);
    expect(stderr).toMatch(/MASTER_KEY does not open data key [0-9a-f-]{36} \(signing-keys\)/);
    for (const secret of [right, wrong]) expect(output).not.toContain(secret);
    expect(processesIn(dataDir)).toEqual([]);
    const again = await ServiceProcess.start({ env });
    expect((await again.get('/.well-known/jwks.json')).body).toEqual(jwks);
    const login = { identifier: 'root', password: goodPassword };
    expect((await again.post('/api/v1/auth/login', login)).status).toBe(200);
  });

  it('[DP-04][F16] a deleted master.key is not replaced by one that opens nothing', async () => {
    const dataDir = await temporaryFolder();
    const file = join(dataDir, 'master.key');
    const first = await ServiceProcess.start({ env: { DATA_DIR: dataDir } });
    await first.stop();
    const kept = await readFile(file, 'utf8');
    await rm(file);
    const { code, stderr } = await refusal({ DATA_DIR: dataDir });
    expect(code).toBe(1);
    expect(stderr).toContain(file);
    expect(stderr).toMatch(/data key [0-9a-f-]{36}/);
    expect(() => postmasterOf(dataDir)).toThrow();
    await writeFile(file, kept);
    await ServiceProcess.start({ env: { DATA_DIR: dataDir } });
  });
});

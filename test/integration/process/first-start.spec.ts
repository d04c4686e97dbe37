import { temporaryFolder } from '../../support/processes.js';
import {
  account,
  endServices,
  goodPassword,
  parsed,
  ServiceProcess,
} from '../../support/service-process.js';

jest.setTimeout(120_000);

describe('The first start', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await temporaryFolder();
  });
  afterEach(endServices);

  const start = (env: Record<string, string> = {}): Promise<ServiceProcess> =>
    ServiceProcess.start({ env: { DATA_DIR: dataDir, ...env } });

  it('[OP-01][DA-01] on an empty DATA_DIR migrates and shows where everything is', async () => {
    const service = await start();
    const lines = service.stderr.split('\n').map((line) => line.trim());
    expect(lines).toContain(`Gatehouse is ready at ${service.url}`);
    const links = ['API', 'Swagger', 'Health'].map((name) => linkOf(lines, name));
    expect(links).toEqual([
      expect.stringMatching(/\/api\/v1$/),
      expect.stringMatching(/\/docs$/),
      expect.stringMatching(/\/health\/ready$/),
    ]);
    const shown = [...links.slice(1), linkOf(lines, 'http')];
    for (const link of shown) expect((await fetch(link)).status).toBe(200);
    expect(service.setupToken).toMatch(/^[\w-]{43}$/);
    const migrated = service.lines
      .map(parsed)
      .find((entry) => entry?.['msg'] === 'Schema migrated');
    expect(migrated?.['applied']).toContain('UsersAndRoles1763600000002');
    expect(await service.status('/health/ready')).toBe(200);
    expect(await service.status('/health/startup')).toBe(200);
  });

  it('[OP-01] writes one JSON object a line to stdout, without the token or its link', async () => {
    const service = await start();
    await service.post('/api/v1/auth/register', account());
    await service.get('/api/v1/nothing');
    await service.stop();
    for (const line of service.lines) {
      expect(parsed(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
    }
    expect(service.lines.join('\n')).not.toContain(service.setupToken);
    expect(service.lines.join('\n')).not.toContain(goodPassword);
  });

  it('[OP-01][ID-12] gives a link that makes one administrator, once', async () => {
    const service = await start();
    const token = service.setupToken;
    const wrong = await service.post('/api/v1/setup', { ...account(), token: 'guessed' });
    expect(wrong).toMatchObject({ status: 404, body: { code: 'setup.closed' } });
    const accounts = [account(), account(), account(), account()];
    const answers = await Promise.all(
      accounts.map((each) => service.post('/api/v1/setup', { ...each, token })),
    );
    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(made).toHaveLength(1);
    expect(made[0]?.body).toMatchObject({ roles: ['admin', 'member'], status: 'active' });
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'setup.closed' } });
    }
    const late = await service.post('/api/v1/setup', { ...account(), token });
    expect(late).toMatchObject({ status: 404, body: { code: 'setup.closed' } });
    const signedIn = await signIn(service, String(made[0]?.body.username));
    const users = await service.get('/api/v1/users', { token: signedIn });
    expect(users.body.items).toHaveLength(1);
  });

  it('[OP-01] refuses a bad password without spending the link', async () => {
    const service = await start();
    const token = service.setupToken;
    const weak = { ...account(), password: 'short', passwordConfirmation: 'short', token };
    expect((await service.post('/api/v1/setup', weak)).status).toBe(400);
    expect((await service.post('/api/v1/setup', { ...account(), token })).status).toBe(201);
  });

  it('[OP-01][ID-12] with ADMIN_EMAIL and ADMIN_PASSWORD makes the administrator and no link', async () => {
    const env = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: goodPassword };
    const service = await start(env);
    expect(service.setupToken).toBeUndefined();
    expect(service.output).not.toContain(goodPassword);
    const token = await signIn(service, 'root@example.com');
    const me = await service.get('/api/v1/users/me', { token });
    expect(me.body).toMatchObject({ email: 'root@example.com', roles: ['admin', 'member'] });
    expect(me.body.emailVerifiedAt).not.toBeNull();
    await service.stop();
    const again = await start({ ...env, ADMIN_PASSWORD: 'another ship in another port' });
    await signIn(again, 'root@example.com'); // an existing administrator keeps the password
  });

  it('[DA-01][OP-01] is not repeated: a restart keeps users, sessions and keys', async () => {
    const first = await start();
    const made = await first.post('/api/v1/setup', { ...account('root'), token: first.setupToken });
    expect(made.status).toBe(201);
    const token = await signIn(first, 'root');
    const keys = (await first.get('/.well-known/jwks.json')).body;
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const second = await start();
    expect(second.setupToken).toBeUndefined();
    expect(second.lines.join('\n')).not.toContain('Schema migrated');
    expect((await second.get('/.well-known/jwks.json')).body).toEqual(keys);
    const me = await second.get('/api/v1/users/me', { token });
    expect(me).toMatchObject({ status: 200, body: { username: 'root' } });
  });

  it('[OP-01] without an administrator every start gives a link, and the older ones work too', async () => {
    const first = await start();
    await first.stop();
    const second = await start();
    expect(second.setupToken).not.toBe(first.setupToken);
    const body = { ...account(), token: first.setupToken };
    expect((await second.post('/api/v1/setup', body)).status).toBe(201);
    const late = { ...account(), token: second.setupToken };
    expect((await second.post('/api/v1/setup', late)).body.code).toBe('setup.closed');
  });
});

function linkOf(lines: readonly string[], name: string): string {
  const line = lines.find((each) => each.startsWith(name) && each.includes('http'));
  return /http\S+/.exec(line ?? '')?.[0] ?? '';
}

async function signIn(service: ServiceProcess, identifier: string): Promise<string> {
  const answer = await service.post('/api/v1/auth/login', { identifier, password: goodPassword });
  expect(answer.status).toBe(200);
  return answer.body.accessToken as string;
}

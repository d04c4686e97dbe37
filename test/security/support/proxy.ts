import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { eventually } from '../../support/processes.js';

export type ProxyKind = 'nginx' | 'haproxy';

const root = resolve(import.meta.dirname, '../../..');
const programs = {
  nginx: { config: 'docker/nginx.conf', version: '-v', required: 'REQUIRE_NGINX' },
  haproxy: { config: 'docker/haproxy.cfg', version: '-v', required: 'REQUIRE_HAPROXY' },
} as const;

/** `describe` that is skipped without the program, unless REQUIRE_NGINX or REQUIRE_HAPROXY is set. */
export function describeWith(kind: ProxyKind): jest.Describe {
  const { version, required } = programs[kind];
  const installed = spawnSync(kind, [version]).status === 0;
  return installed || process.env[required] === '1' ? describe : describe.skip;
}

/** The configuration of `docker/`, fitted to ports and folders of a test. */
export class Proxy {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly port: number,
    /** Of an nginx that keeps what it may; else 0. */
    readonly cachePort: number,
  ) {}

  /** @param waitSeconds what the configuration's 10 s for slow clients become */
  static async start(kind: ProxyKind, upstream: number, waitSeconds = 1): Promise<Proxy> {
    const folder = mkdtempSync(join(tmpdir(), `gatehouse-${kind}-`));
    chmodSync(folder, 0o755); // started by root, nginx works as somebody else
    const port = await freePort();
    const cachePort = kind === 'nginx' ? await freePort() : 0;
    const shipped = readFileSync(join(root, programs[kind].config), 'utf8');
    const config = join(folder, 'config');
    writeFileSync(
      config,
      kind === 'nginx'
        ? nginxConfig(shipped, { folder, upstream, port, cachePort, waitSeconds })
        : haproxyConfig(shipped, { upstream, port, waitSeconds }),
    );
    const args = kind === 'nginx' ? ['-e', `${folder}/log`, '-c', config] : ['-f', config];
    const check = spawnSync(kind, [kind === 'nginx' ? '-t' : '-c', ...args], { encoding: 'utf8' });
    expect({ status: check.status, stderr: check.stderr }).toMatchObject({ status: 0 });
    const foreground = kind === 'nginx' ? ['-g', 'daemon off;'] : ['-db'];
    const child = spawn(kind, [...args, ...foreground], { stdio: 'ignore' });
    await eventually(() => listening(port));
    return new Proxy(child, folder, port, cachePort);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Place {
  folder: string;
  upstream: number;
  port: number;
  cachePort: number;
  waitSeconds: number;
}

function nginxConfig(shipped: string, place: Place): string {
  const { folder, upstream, port, cachePort, waitSeconds } = place;
  const fitted = shipped
    .replace('worker_processes auto', 'worker_processes 1')
    .replace('gatehouse:3000 resolve', `127.0.0.1:${upstream}`)
    .replace('listen 8080', `listen 127.0.0.1:${port}`)
    .replace('rate=100r/s', 'rate=10000r/s') // all callers of the test have one address
    .replaceAll(/(client_\w+_timeout|send_timeout) 10s/g, `$1 ${waitSeconds}s`)
    .replaceAll('/tmp/', `${folder}/`)
    .replaceAll(/\/dev\/std(out|err)/g, `${folder}/log`);
  expect(fitted).toContain(`server 127.0.0.1:${upstream} max_fails=0;`);
  const from = fitted.indexOf('  server {\n');
  const server = fitted.slice(from, fitted.lastIndexOf('}'));
  // Keeps whatever nothing forbids to keep: harsher than an operator would set it.
  const caching = server
    .replace(`listen 127.0.0.1:${port} default_server`, `listen 127.0.0.1:${cachePort}`)
    .replace(
      'proxy_pass ',
      'proxy_cache kept; proxy_cache_valid any 10m; add_header X-Cache $upstream_cache_status always;\n      proxy_pass ',
    );
  const zone = `  proxy_cache_path ${folder}/cache keys_zone=kept:1m;\n`;
  return `${fitted.slice(0, from)}${zone}${server}${caching}}\n`;
}

function haproxyConfig(shipped: string, place: Omit<Place, 'folder' | 'cachePort'>): string {
  const fitted = shipped
    .replace('gatehouse:3000', `127.0.0.1:${place.upstream}`)
    .replace('bind :8080', `bind 127.0.0.1:${place.port}`)
    .replaceAll(/timeout (http-request|client) 10s/g, `timeout $1 ${place.waitSeconds}s`)
    .replace('log stdout format raw daemon info', 'log 127.0.0.1:9 local0')
    .replace(' gt 1000 }', ' gt 100000 }');
  expect(fitted).toContain(`127.0.0.1:${place.upstream}`);
  return fitted;
}

function listening(port: number): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1', () => done(void socket.destroy()));
    socket.on('error', failed);
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

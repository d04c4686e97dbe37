/** Starts what is measured: one PostgreSQL, Gatehouse and the bare server, all on loopback. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = join(import.meta.dirname, '..', '..');

/** Node's flags of `npm start`, so that both servers run as the service does. */
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const nodeFlags = scripts.start.split(' ').filter((part) => part.startsWith('--'));

export const administrator = {
  email: 'root@example.com',
  password: randomBytes(18).toString('base64url'),
};

/** An embedded PostgreSQL in a folder of its own, both removed by `stop`. */
export async function startDatabase() {
  const { EmbeddedPostgres } = await import(
    join(root, 'dist', 'platform', 'database', 'embedded', 'index.js')
  );
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
  const server = await EmbeddedPostgres.start({ dataDir, log: () => undefined });
  return {
    dataDir,
    ownerUrl: server.ownerUrl,
    serviceUrl: server.serviceUrl,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** How to start Gatehouse: as in production, except for limits and waiting at the end. */
export async function gatehouse(database, directory = root) {
  const port = await freePort();
  return {
    name: 'Gatehouse',
    port,
    program: join(directory, 'dist', 'main.js'),
    log: join(database.dataDir, 'bench.log'),
    env: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DATA_DIR: database.dataDir,
      DATABASE_URL: database.serviceUrl,
      MIGRATION_DATABASE_URL: database.ownerUrl,
      MASTER_KEY: masterKey,
      ADMIN_EMAIL: administrator.email,
      ADMIN_PASSWORD: administrator.password,
      RATE_LIMIT_SCALE: '1000000',
      HTTP_DRAIN_DELAY_MS: '0',
    },
  };
}

const masterKey = randomBytes(32).toString('base64');

export async function bare(database) {
  const port = await freePort();
  return {
    name: 'bare Fastify',
    port,
    program: join(import.meta.dirname, 'bare-server.js'),
    log: join(database.dataDir, 'bare.log'),
    env: {
      NODE_ENV: 'production',
      PORT: String(port),
      DATABASE_URL: database.serviceUrl,
      SIGNING_KEY: signingKey,
    },
  };
}

const signingKey = generateKeyPairSync('rsa', {
  modulusLength: 3072,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey;

/** Starts a server and waits until it is ready; says how long that took in milliseconds. */
export async function start({ name, port, program, env, log }, extraFlags = []) {
  const output = openSync(log, 'a');
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, ...extraFlags, program], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', output, output],
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(await readFile(log, 'utf8'));
    await delay(5);
  }
  const startMs = performance.now() - started;
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { name, url, pid: child.pid, startMs, stop };
}

function isReady(url) {
  return fetch(`${url}/health/ready`).then(
    async (answer) => (await answer.text(), answer.status === 200),
    () => false,
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

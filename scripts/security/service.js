import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const administrator = { identifier: 'root@example.com', password: 'a ship in port is safe' };

/** The built service on a database of its own, for attackers that come over a socket. */
export async function startService() {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-security-'));
  const port = await freePort();
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATA_DIR: dataDir,
      PORT: String(port),
      RATE_LIMIT_SCALE: '1000000', // else the attackers would meet the limits and nothing else
      ADMIN_EMAIL: administrator.identifier,
      ADMIN_PASSWORD: administrator.password,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child);
  return { url, token: await signIn(url), stop: () => stop(child, dataDir) };
}

/** How many requests were answered, and which of them with 500 or more. */
export async function answersOf(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  let count = 0;
  const failures = [];
  for (const line of text.split('\n')) {
    const [, method, route, status, times] =
      /^http_requests_total{method="([^"]*)",route="([^"]*)",status="([^"]*)"} (\d+)/.exec(line) ??
      [];
    count += Number(times ?? 0);
    if (Number(status) >= 500)
      failures.push(`${method} ${route} was answered ${status}, ${times} times`);
  }
  return { count, failures };
}

async function signIn(url) {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(administrator),
  });
  if (!answer.ok) throw new Error(`signing in failed: ${await answer.text()}`);
  return (await answer.json()).accessToken;
}

async function ready(url, child) {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    const up = await fetch(`${url}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (up) return;
    await delay(100);
  }
  throw new Error('the service does not start');
}

async function stop(child, dataDir) {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
  await rm(dataDir, { recursive: true, force: true });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

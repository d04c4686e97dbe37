import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { answersOf } from './service.js';

/**
 * Programs of others that look for ways in, from Debian: `apt-get install sqlmap wapiti`. Each gives
 * what it tried, what it found, and whether its time was up before it was through.
 */
export const attackers = { sqlmap: runSqlmap, wapiti: runWapiti };

export function installed(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Where input goes into a query: parameters, bodies and parts of paths, marked with `*`. */
const injectable = [
  ['GET', '/api/v1/users?search=a&role=member&status=active&sort=createdAt&limit=5'],
  ['GET', '/api/v1/users/*'],
  ['GET', '/api/v1/roles/*'],
  ['POST', '/api/v1/auth/login', { identifier: 'ada', password: 'enchantress of number' }],
  ['POST', '/api/v1/auth/password/forgot', { email: 'ada@example.com' }],
  ['POST', '/api/v1/auth/refresh', { refreshToken: 'A' }],
  ['PATCH', '/api/v1/users/me', { displayName: 'Ada' }],
];

async function runSqlmap({ url, token }, seconds) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-sqlmap-'));
  const results = [];
  for (const [method, path, body] of injectable) {
    const args = [
      ...['--batch', '--disable-coloring', '--dbms=PostgreSQL', '--level=2', '--risk=1'],
      ...['--threads=4', `--output-dir=${folder}`, '--flush-session', '--ignore-code=*'],
      ...['-u', url + path, `--method=${method}`, `--header=Authorization: Bearer ${token}`],
      ...(body
        ? ['--header=Content-Type: application/json', `--data=${JSON.stringify(body)}`]
        : []),
    ];
    const before = await answersOf(url);
    const { text, late } = await run('sqlmap', args, seconds / injectable.length);
    const requests = (await answersOf(url)).count - before.count;
    const found = /identified the following injection point/.test(text)
      ? [`${method} ${path}: ${/Parameter: .*/.exec(text)?.[0] ?? 'injectable'}`]
      : [];
    results.push({ tried: `${method} ${path}`, requests, found, late });
  }
  await rm(folder, { recursive: true, force: true });
  return results;
}

async function runWapiti({ url, token }, seconds) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-wapiti-'));
  const report = join(folder, 'report.json');
  const document = await (await fetch(`${url}/openapi.json`)).json();
  const starts = Object.entries(document.paths)
    .filter(([path, item]) => item.get && !path.startsWith('/health'))
    .map(([path, { get }]) => url + path.replace(/{\w+}/g, 'a') + queryOf(get));
  const args = [
    ...['-u', `${url}/docs/`, '--scope', 'domain', '-H', `Authorization: Bearer ${token}`],
    ...starts.flatMap((start) => ['-s', start]),
    ...['-m', 'sql,blindsql,xss,permanentxss,exec,file,crlf,redirect,ssrf,xxe,backup,htaccess'],
    ...['-f', 'json', '-o', report, '--flush-session', '--no-bugreport', '-S', 'normal'],
    ...['--store-session', folder, '--max-scan-time', String(Math.floor(seconds / 3))],
    ...['--max-attack-time', String(Math.floor(seconds / 15))],
  ];
  const before = await answersOf(url);
  const { text, late } = await run('wapiti', args, seconds);
  const requests = (await answersOf(url)).count - before.count;
  const read = await readFile(report, 'utf8').catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  const tried = `${starts.length} addresses`;
  if (read === undefined) {
    // It writes its report when it is through.
    const failed = late ? undefined : text.slice(-500);
    return [{ tried: `${tried}, without a report`, requests, found: [], late, failed }];
  }
  const { vulnerabilities, anomalies } = JSON.parse(read);
  const found = Object.entries({ ...vulnerabilities, ...anomalies }).flatMap(([kind, entries]) =>
    entries.map(({ method, path, info }) => `${kind}: ${method} ${path}: ${info}`),
  );
  return [{ tried, requests, found, late }];
}

function queryOf({ parameters = [] }) {
  const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  return names.length > 0 ? `?${names.map((name) => `${name}=a`).join('&')}` : '';
}

/** Runs a program for so long; `late` when it had to be ended. */
async function run(program, args, seconds) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let text = '';
  let late = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part) => (text = (text + part).slice(-1_000_000)));
  }
  const timer = setTimeout(() => {
    late = true;
    process.kill(-child.pid, 'SIGKILL');
  }, seconds * 1000);
  await new Promise((done) => child.once('close', done));
  clearTimeout(timer);
  return { text, late };
}

/**
 * `npm run bench`: Gatehouse beside a bare Fastify server that does the same work, in alternating
 * rounds, and prints the tables of docs/performance.md.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { prepareCases, seed } from './cases.js';
import { administrator, bare, gatehouse, start, startDatabase } from './servers.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string', default: 'me,list,refresh,login' },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const names = options.only.split(',');
const titles = {
  me: 'Own account, `GET /users/me`',
  list: '50 of 1,000 users, `GET /users`',
  refresh: 'New tokens, `POST /auth/refresh`',
  login: 'Sign-in, `POST /auth/login`',
};

if (options.only === 'limiter') {
  await import('./limiter.js'); // needs no server
  process.exit();
}

const load = fork(join(import.meta.dirname, 'load.js'));
const cleanUp = [() => load.kill()];
try {
  await bench();
} finally {
  for (const undo of cleanUp.reverse()) await undo();
}

async function bench() {
  const database = await startDatabase();
  cleanUp.push(database.stop);
  const definitions = [await gatehouse(database), await bare(database)];
  await (await start(definitions[0])).stop(); // makes schema, keys and the administrator
  const passwordHash = await seed(database);
  const coldStarts = await measureStarts(definitions);
  const servers = [];
  for (const definition of definitions) {
    const server = await start(definition);
    cleanUp.push(server.stop);
    servers.push(server);
  }
  await delay(3_000);
  const idle = servers.map(residentMiB);
  const cases = await prepareCases(...servers, administrator, passwordHash);
  const results = {};
  for (const name of names) results[name] = await alternate(cases, name, servers);
  await delay(3_000);
  const after = servers.map(residentMiB);
  print(results, { idle, after, coldStarts });
}

/** Rounds of one case, the first of which only warms up; who begins changes every round. */
async function alternate(cases, name, servers) {
  const contestants = servers.map((server) => ({ job: cases[name], server, rounds: [] }));
  if (name === 'login') contestants.push({ job: cases.hash, rounds: [] });
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const contestant of order) {
      const { done, ...job } = contestant.job(contestant.server, seconds);
      const measured = await measure(job);
      done?.(measured);
      if (round > 0) contestant.rounds.push(measured);
      await delay(300); // what the end of the load left behind
    }
    process.stderr.write(`${name}: ${round === 0 ? 'warm' : `round ${round} of ${rounds}`}\n`);
  }
  return contestants.map((contestant) => contestant.rounds);
}

async function measure(job) {
  load.send(job);
  const [{ measured, error }] = await once(load, 'message');
  if (error) throw new Error(error);
  return measured;
}

async function measureStarts(definitions) {
  const times = definitions.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, definition] of definitions.entries()) {
      const server = await start(definition);
      times[index].push(server.startMs);
      await server.stop();
    }
  }
  return times.map(median);
}

function residentMiB({ pid }) {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) / 1024;
}

function print(results, { idle, after, coldStarts }) {
  const lines = [
    '| Case | Gatehouse req/s | p50 ms | p99 ms | bare req/s | p50 ms | p99 ms | ratio |',
    '| --- | --: | --: | --: | --: | --: | --: | --: |',
  ];
  for (const [name, [ours, bare, hashes]] of Object.entries(results)) {
    lines.push(row(titles[name], ours, bare));
    if (hashes) lines.push(row('Sign-in against nothing but its Argon2id', ours, hashes));
  }
  lines.push(
    '',
    '| Process | Gatehouse | bare |',
    '| --- | --: | --: |',
    `| Resident memory, idle after the start | ${idle.map(mebibytes).join(' | ')} |`,
    `| Resident memory, idle after all load | ${after.map(mebibytes).join(' | ')} |`,
    `| Start to the first 200 of \`/health/ready\` | ${coldStarts.map(milliseconds).join(' | ')} |`,
    '',
    `Median of ${rounds} alternating rounds of ${seconds} s; ratio: median of the pairs. ` +
      `${availableParallelism()} cores shared by servers, PostgreSQL and load; Node.js ${process.version}.`,
  );
  console.log(lines.join('\n'));
}

function row(title, ours, theirs) {
  const ratios = ours.map(({ perSecond }, round) => perSecond / theirs[round].perSecond);
  const cells = [ours, theirs].flatMap((side) => [
    rounded(median(side.map(({ perSecond }) => perSecond))),
    rounded(median(side.map(({ p50 }) => p50))),
    rounded(median(side.map(({ p99 }) => p99))),
  ]);
  return `| ${title} | ${cells.join(' | ')} | **${median(ratios).toFixed(2)}** |`;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function rounded(value) {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

function mebibytes(value) {
  return `${Math.round(value)} MiB`;
}

function milliseconds(value) {
  return `${Math.round(value)} ms`;
}

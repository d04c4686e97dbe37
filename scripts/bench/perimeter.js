/**
 * `npm run bench:perimeter`: what each layer of the perimeter costs a request, all layers in one
 * run and one process. Prints the table of docs/performance.md.
 */
import 'reflect-metadata';

import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Controller, Get, Module, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import fastify from 'fastify';

import { startDatabase } from './servers.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
  },
});
const dist = join(import.meta.dirname, '..', '..', 'dist');
const fromDist = (path) => import(join(dist, path));
const query = 'limit=20&search=ada&role=member&status=active&sort=-createdAt';
const answer = { id: '01a1fcdd-7b82-73fb-b4c6-35ff431adb3f', username: 'ada', roles: ['member'] };

// The log goes to stdout: it gets one of its own, a file as in the other benches.
if (!process.send) {
  const log = openSync(join(tmpdir(), 'gatehouse-bench.log'), 'w');
  const stdio = ['ignore', log, 'inherit', 'ipc'];
  const child = fork(import.meta.filename, process.argv.slice(2), { stdio });
  child.on('message', (text) => console.log(text));
  const [code] = await once(child, 'exit');
  process.exit(code);
}

const database = await startDatabase();
const load = fork(join(import.meta.dirname, 'load.js'), { stdio: ['ignore', 2, 2, 'ipc'] });
const servers = [];
try {
  await bench();
} finally {
  load.kill();
  for (const close of servers) await close();
  await database.stop();
  process.disconnect();
}

async function bench() {
  const whole = await gatehouse();
  const token = await signIn(whole);
  const routes = [
    ['Bare Fastify', await bareFastify(), '/price'],
    ['Nest on Fastify', await bareNest(), '/price'],
    [
      '… with HTTP checks, headers, guards, metrics and a log line',
      whole,
      '/api/v1/price/unlimited',
    ],
    ['… and counted by the limiter', whole, '/api/v1/price'],
    ['… and a query of five fields validated', whole, `/api/v1/price/validated?${query}`],
    ['`GET /users/me`: all of it, and who calls', whole, '/api/v1/users/me', token],
  ];
  const rates = routes.map(() => []);
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [index, [, url, path, bearer]] of routes.entries()) {
      const { perSecond } = await measure(url, path, bearer);
      if (round > 0) rates[index].push(perSecond); // the first warms up
      await delay(200);
    }
    process.stderr.write(`round ${round} of ${options.rounds}\n`);
  }
  print(routes, rates.map(median));
}

function print(routes, rates) {
  const lines = ['| Route | req/s | µs more than the row above |', '| --- | --: | --: |'];
  for (const [index, [name]] of routes.entries()) {
    const more = index === 0 ? '' : ((1 / rates[index] - 1 / rates[index - 1]) * 1e6).toFixed(0);
    lines.push(`| ${name} | ${Math.round(rates[index]).toLocaleString('en')} | ${more} |`);
  }
  const [, nest, , limited, , me] = rates;
  const share = (1 / limited - 1 / nest) / (1 / me);
  lines.push('', `The perimeter takes ${Math.round(share * 100)} % of the time of GET /users/me.`);
  process.send(lines.join('\n'));
}

async function measure(url, path, token) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const perConnection = Array.from({ length: 32 }, () => [{ method: 'GET', path, headers }]);
  load.send({ kind: 'requests', url, perConnection, seconds: Number(options.seconds) });
  const [{ measured, error }] = await once(load, 'message');
  if (error) throw new Error(error);
  return measured;
}

async function bareFastify() {
  const server = fastify();
  server.get('/price', () => answer);
  servers.push(() => server.close());
  return server.listen({ host: '127.0.0.1', port: 0 });
}

async function bareNest() {
  const app = await NestFactory.create(priceModule(), new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  servers.push(() => app.close());
  return app.getUrl();
}

/** The service itself, with routes beside its own that do nothing but answer. */
async function gatehouse() {
  const [{ createApp }, config, crypto, data, logging, telemetry, access, throttling, users] =
    await Promise.all([
      fromDist('app.js'),
      fromDist('platform/config/index.js'),
      fromDist('platform/crypto/index.js'),
      fromDist('platform/database/index.js'),
      fromDist('platform/logging/logger.js'),
      fromDist('platform/telemetry/metrics.js'),
      fromDist('platform/access/index.js'),
      fromDist('platform/throttling/limit.decorator.js'),
      fromDist('features/users/users.dto.js'),
    ]);
  await data.migrate(database.ownerUrl);
  const metrics = new telemetry.Metrics();
  const settings = config.loadConfig({
    NODE_ENV: 'development',
    PUBLIC_URL: 'http://127.0.0.1:3000',
    DATA_DIR: database.dataDir,
    DATABASE_URL: database.serviceUrl,
    MIGRATION_DATABASE_URL: database.ownerUrl,
    MASTER_KEY: randomBytes(32).toString('base64'),
    RATE_LIMIT_SCALE: '1000000',
  });
  const app = await createApp(
    {
      config: settings,
      connection: new data.DatabaseConnection(
        database.serviceUrl,
        await data.usableServiceRole(database.serviceUrl),
      ),
      masterKey: await crypto.loadMasterKey(settings),
      metrics,
      logger: logging.createLogger('info', metrics),
    },
    [priceModule({ ...access, ...throttling, query: users.ListUsers })],
  );
  await app.listen(0, '127.0.0.1');
  servers.push(() => app.close());
  return app.getUrl();
}

function priceModule({ Access, Limit, query: dto } = {}) {
  class PriceController {
    price() {
      return answer;
    }
    unlimited() {
      return answer;
    }
    validated() {
      return answer;
    }
  }
  const route = (name, ...decorators) => {
    const descriptor = Object.getOwnPropertyDescriptor(PriceController.prototype, name);
    for (const decorate of decorators) decorate?.(PriceController.prototype, name, descriptor);
  };
  route('price', Get(), Access?.public());
  route('unlimited', Get('unlimited'), Access?.public(), Limit?.none());
  Query()(PriceController.prototype, 'validated', 0);
  Reflect.defineMetadata(
    'design:paramtypes',
    [dto ?? Object],
    PriceController.prototype,
    'validated',
  );
  route('validated', Get('validated'), Access?.public());
  Controller('price')(PriceController);
  class PriceModule {}
  Module({ controllers: [PriceController] })(PriceModule);
  return PriceModule;
}

async function signIn(url) {
  const account = { email: 'ada@example.com', username: 'ada' };
  const password = randomBytes(18).toString('base64url');
  await post(`${url}/api/v1/auth/register`, {
    ...account,
    password,
    passwordConfirmation: password,
  });
  return (await post(`${url}/api/v1/auth/login`, { identifier: 'ada', password })).accessToken;
}

async function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}

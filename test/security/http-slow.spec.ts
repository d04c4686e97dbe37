import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { Controller, Get, Module, Post } from '@nestjs/common';

import { Access } from '../../src/platform/access/index.js';
import { Metrics } from '../../src/platform/telemetry/metrics.js';
import { expectProblem } from './support/problem.js';
import { exchange, requestText as text } from './support/raw.js';
import { Wire } from './support/wire.js';

const live = text('GET /health/live HTTP/1.1');
const login = 'POST /api/v1/auth/login HTTP/1.1';
const json = 'Content-Type: application/json';

@Controller('slow')
@Access.public()
class SlowController {
  @Get()
  async read(): Promise<string> {
    await delay(1_500);
    return 'late';
  }

  @Post()
  write(): Promise<string> {
    return this.read();
  }

  @Get('large')
  large(): string {
    return 'x'.repeat(20_000_000);
  }
}

@Module({ controllers: [SlowController] })
class SlowModule {}

/** Seconds may be added by a busy machine, but not the ten of the default. */
const cutWithinMs = 4_000;

describe('Clients that are slow, gone or greedy', () => {
  let wire: Wire;
  const lines: string[] = [];

  beforeAll(async () => {
    wire = await Wire.open({
      env: { HTTP_RECEIVE_TIMEOUT_MS: '1000', HTTP_HANDLER_TIMEOUT_MS: '500' },
      features: [SlowModule],
      log: (line) => lines.push(line),
    });
  });
  afterAll(() => wire.close());
  beforeEach(() => void (lines.length = 0));

  async function inProgress(): Promise<number> {
    const { values } = await wire.app.app.get(Metrics).gauge('http_requests_in_progress').get();
    return values[0]?.value ?? 0;
  }

  it.each<[string, readonly (string | number)[]]>([
    ['says nothing', ['']],
    ['stops in the request line', ['GET /hea']],
    ['stops in a header', ['GET /health/live HTTP/1.1\r\nHost: gate']],
    [
      'sends a header byte by byte',
      ['GET / HTTP/1.1\r\nX: ', ...Array(40).fill([100, 'a']).flat()],
    ],
    ['stops before the body', [text(login, [json, 'Content-Length: 200'])]],
    ['stops in the body', [text(login, [json, 'Content-Length: 200'], '{"identifier"')]],
    [
      'sends the body byte by byte',
      [text(login, [json, 'Content-Length: 200']), ...Array(40).fill([100, ' ']).flat()],
    ],
    ['stops between chunks', [text(login, [json, 'Transfer-Encoding: chunked'], '1\r\n{\r\n')]],
  ])('[PE-08][F08] cuts off who %s, and serves others meanwhile', async (_name, pieces) => {
    const slow = exchange(wire.port, pieces, { timeoutMs: 15_000 });
    for (let round = 0; round < 5; round++) {
      const good = await exchange(wire.port, live, { quietMs: 20 });
      expect(good.answers[0]?.status).toBe(200);
    }
    const { answers, closed, durationMs } = await slow;
    expect(closed).toBe(true);
    expect(durationMs).toBeLessThan(cutWithinMs);
    expect(answers).toHaveLength(1);
    expectProblem(answers[0]!, 'http.request_timeout');
  });

  it('[PE-08][F08] survives hundreds of slow clients at once', async () => {
    const slow = Array.from({ length: 300 }, () =>
      exchange(wire.port, ['GET /health/live HTTP/1.1\r\nX-A: '], { timeoutMs: 15_000 }),
    );
    await delay(200);
    const good = await exchange(wire.port, live, { quietMs: 20 });
    expect(good.answers[0]?.status).toBe(200);
    const cut = await Promise.all(slow);
    expect(cut.every(({ closed }) => closed)).toBe(true);
  });

  it('[PE-08][F08] cuts off who never reads the answers', async () => {
    const socket = connect({ port: wire.port, host: '127.0.0.1' }).pause();
    socket.on('error', () => undefined);
    socket.write(text('GET /api/v1/slow/large HTTP/1.1').repeat(3));
    // Only a write notices that the other side is gone while nothing is read.
    for (let round = 0; round < 100 && !socket.destroyed; round++) {
      await delay(100);
      if (!socket.destroyed) socket.write(live);
    }
    expect(socket.destroyed).toBe(true);
    expect(await inProgress()).toBe(0);
  }, 30_000);

  it.each([
    ['GET', text('GET /api/v1/slow HTTP/1.1')],
    ['POST', text('POST /api/v1/slow HTTP/1.1', [json, 'Content-Length: 2'], '{}')],
    ['GET with a body', text('GET /api/v1/slow HTTP/1.1', [json, 'Content-Length: 2'], '{}')],
  ])('[PE-08][F08] answers 504 when %s takes too long', async (_name, bytes) => {
    const { answer } = await wire.only(bytes);
    expectProblem(answer, 'server.timeout');
  });

  it('[PE-08][V16.3.4] takes a broken-off upload for what it is', async () => {
    const socket = connect({ port: wire.port, host: '127.0.0.1' });
    socket.write(text(login, [json, 'Content-Length: 200'], '{"identifier"'));
    await delay(150);
    socket.destroy();
    await delay(150);
    expect(lines.join('')).not.toContain('database');
    expect(await inProgress()).toBe(0);
    expect((await exchange(wire.port, live)).answers[0]?.status).toBe(200);
  });

  it('[PE-08][V4.2.1] never writes a refusal into the middle of another answer', async () => {
    const large = text('GET /api/v1/slow/large HTTP/1.1');
    const { answers, closed } = await exchange(wire.port, [large, 30, 'rubbish\r\n\r\n']);
    expect(closed).toBe(true);
    expect(answers.length).toBeLessThanOrEqual(1);
    if (answers[0]?.status === 200) expect(answers[0].body).not.toContain('HTTP/1.1');
  });

  it('[PE-08] answers requests in one packet in their order', async () => {
    const requests = ['/health/live', '/nothing', '/api/v1/info', '/health/startup'];
    const bytes = requests.map((path) => text(`GET ${path} HTTP/1.1`)).join('');
    const { answers, closed } = await exchange(wire.port, bytes);
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 200]);
    expect(closed).toBe(false);
  });

  it('[PE-08][V16.3.3] logs what it refuses before there is a request', async () => {
    const { answer } = await wire.only('rubbish\r\n\r\n');
    const line = lines.find((text) => text.includes(answer.headers['x-request-id']!));
    expect(JSON.parse(line!)).toMatchObject({
      code: 'http.malformed_request',
      status: 400,
      address: '127.0.0.1',
    });
  });

  it('[PE-08][F09] tells a client that sends far too much, before cutting it off', async () => {
    const body = ' '.repeat(5_000_000);
    const bytes = text(login, [json, `Content-Length: ${body.length}`], body);
    for (let round = 0; round < 10; round++) {
      const { answers, closed } = await exchange(wire.port, bytes);
      expectProblem(answers[0]!, 'http.payload_too_large');
      expect(closed).toBe(true);
    }
  });
});

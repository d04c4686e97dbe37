import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createClient, RESP_TYPES } from '@redis/client';

import { eventually } from './processes.js';

/** False where no redis-server is installed; an error where one must be. */
export const redisInstalled = installed();

/** `describe` that is skipped without a redis-server, unless REQUIRE_REDIS=1 makes that an error. */
export const describeWithRedis = redisInstalled ? describe : describe.skip;

function installed(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env['REQUIRE_REDIS'] === '1') throw error;
    return false;
  }
}

const password = 'redis of the test';

/** A real Redis of our own, which a test may kill, freeze and start again on the same data. */
export class RedisServer {
  private child?: ChildProcess;

  private constructor(
    readonly folder: string,
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  static async start(options: readonly string[] = []): Promise<RedisServer> {
    const server = await RedisServer.absent(options);
    await server.start();
    return server;
  }

  /** One that has an address and does not run yet. */
  static async absent(options: readonly string[] = []): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-redis-'));
    return new RedisServer(folder, await freePort(), options);
  }

  get url(): string {
    return `redis://:${encodeURIComponent(password)}@127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.child = spawn(
      'redis-server',
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder],
        ...['--requirepass', password, '--save', '', '--appendonly', 'no'],
        ...this.options,
      ],
      { stdio: 'ignore' },
    );
    await eventually(() => this.call('PING'));
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Lets it write what it holds, if it is set to. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  /** Its sockets stay open and nobody answers. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** All that it holds, to be put back with {@link restore}. */
  async dump(): Promise<ReadonlyMap<string, readonly [value: Buffer, ttl: string]>> {
    return this.connected(async (send) => {
      const kept = new Map<string, readonly [Buffer, string]>();
      for (const key of (await send<Buffer[]>(['KEYS', '*'])).map(String)) {
        const ttl = Math.max(0, await send<number>(['PTTL', key])); // 0: for ever
        kept.set(key, [await send<Buffer>(['DUMP', key]), String(ttl)]);
      }
      return kept;
    });
  }

  /** Puts it back to an earlier state, as an old file does. */
  async restore(kept: Awaited<ReturnType<RedisServer['dump']>>): Promise<void> {
    await this.connected(async (send) => {
      await send(['FLUSHALL']);
      for (const [key, [value, ttl]] of kept) await send(['RESTORE', key, ttl, value]);
    });
  }

  private async connected<T>(
    work: (send: <R>(command: (string | Buffer)[]) => Promise<R>) => Promise<T>,
  ): Promise<T> {
    const client = createClient({ url: this.url, maintNotifications: 'disabled' });
    await client.connect();
    try {
      return await work((command) =>
        client.sendCommand(command, { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }),
      );
    } finally {
      client.destroy();
    }
  }

  /** Ends it and removes what it kept. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A command, over a connection of its own. */
  async call(...args: string[]): Promise<unknown> {
    const socket = { reconnectStrategy: false, connectTimeout: 1_000 } as const;
    const client = createClient({ url: this.url, socket, maintNotifications: 'disabled' });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child) return;
    this.child = undefined;
    const ended = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

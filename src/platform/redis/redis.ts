import { createHash, randomUUID } from 'node:crypto';

import { ErrorReply, type RedisArgument } from '@redis/client';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

import { RedisConfig } from '../config/index.js';
import { AppError } from '../errors/app-error.js';
import { Metrics } from '../telemetry/metrics.js';
import { RedisConnection, type RedisReply, RedisTimeoutError } from './connection.js';

/** How often a quiet connection is tried, so that a dead one is known before it is needed. */
const heartbeatMs = 1_000;
const longestRetryMs = 2_000;

/** Answers that mean "not now" (or "not set up"), as opposed to a mistake in a command of ours. */
const notNow =
  /^(LOADING|READONLY|OOM|MISCONF|MASTERDOWN|BUSY|TRYAGAIN|NOREPLICAS|UNKILLABLE|NOAUTH|WRONGPASS|NOPERM|CLUSTERDOWN|MOVED|ERR max number of clients)/;

/** A Lua script; `name` is what metrics call it. */
export interface RedisScript {
  readonly name: string;
  readonly text: string;
  readonly sha1: string;
}

export function redisScript(name: string, text: string): RedisScript {
  return { name, text, sha1: createHash('sha1').update(text).digest('hex') };
}

/** Gives the mark that was set when its data began; sets it when there is none. */
const markScript = redisScript(
  'mark',
  `local mark = redis.call('GET', KEYS[1])
  if mark then return mark end
  redis.call('SET', KEYS[1], ARGV[1])
  return ARGV[1]`,
);

/**
 * The one way to Redis. It is optional: without REDIS_URL nothing connects. Whoever needs it while
 * it is away fails at once with `redis.unavailable`: nothing waits in a queue, and a server that
 * hangs costs each caller one command's time at most, until the connection is given up.
 */
@Injectable()
export class Redis implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Redis');
  private connection?: RedisConnection;
  private timer?: NodeJS.Timeout;
  private failures = 0;
  private stopped = false;
  private mark?: string;
  private readonly dataLost: (() => void)[] = [];

  constructor(
    private readonly config: RedisConfig,
    private readonly metrics: Metrics,
  ) {}

  get configured(): boolean {
    return this.config.url !== undefined;
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  /**
   * Calls back, about a second later, when Redis has lost what it held: it was emptied, or came
   * back without its data, or is another one.
   */
  onDataLost(effect: () => void): void {
    this.dataLost.push(effect);
  }

  /** Waits for one try, so that the first requests find it; the service starts without it, too. */
  async onModuleInit(): Promise<void> {
    if (this.config.url) await this.connect(this.config.url);
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.connection?.close();
    this.connection = undefined;
  }

  /** @throws AppError `redis.unavailable` */
  async ping(): Promise<void> {
    await this.measured('ping', () => this.command(['PING']));
  }

  /**
   * Runs a script, which Redis does as a whole and alone.
   * @throws AppError `redis.unavailable`; it may then have run or not
   */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<RedisReply> {
    const rest: RedisArgument[] = [
      String(keys.length),
      ...keys,
      ...args.map((arg) => (typeof arg === 'number' ? String(arg) : arg)),
    ];
    return this.measured(script.name, async () => {
      try {
        return await this.command(['EVALSHA', script.sha1, ...rest]);
      } catch (error) {
        if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
        return this.command(['EVAL', script.text, ...rest]);
      }
    });
  }

  private async command(args: readonly RedisArgument[]): Promise<RedisReply> {
    const { connection } = this;
    if (!connection) throw new AppError('redis.unavailable');
    try {
      return await connection.command(args);
    } catch (error) {
      if (error instanceof RedisTimeoutError) this.lost(connection);
      if (error instanceof ErrorReply && !notNow.test(error.message)) throw error;
      throw new AppError('redis.unavailable', { cause: error });
    }
  }

  private async measured<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const end = this.metrics.histogram('redis_command_duration_seconds').startTimer({ operation });
    try {
      return await work();
    } catch (error) {
      this.metrics.counter('redis_errors_total').inc({ operation });
      throw error;
    } finally {
      end();
    }
  }

  private async connect(url: string): Promise<void> {
    try {
      const lost = (): void => this.lost(this.connection);
      const connection = await RedisConnection.open(url, this.config.timeoutMs, lost);
      if (this.stopped) return connection.close();
      this.connection = connection;
      await this.readMark(); // a server that is still loading its data takes connections, no work
      if (this.failures > 1) this.logger.log('Redis is back');
      this.failures = 0;
      this.scheduleHeartbeat();
    } catch (error) {
      this.retry(error);
    }
  }

  /** A connection that is cut without a word is noticed here, not by the next request. */
  private scheduleHeartbeat(): void {
    this.timer = setTimeout(() => {
      this.readMark().then(
        () => this.scheduleHeartbeat(),
        () => this.lost(this.connection),
      );
    }, heartbeatMs).unref();
  }

  private async readMark(): Promise<void> {
    const mark = String(await this.run(markScript, ['gatehouse:mark'], [randomUUID()]));
    const before = this.mark;
    this.mark = mark;
    if (before === undefined || before === mark) return;
    this.logger.warn('Redis has lost its data');
    for (const effect of this.dataLost) effect();
  }

  private lost(connection: RedisConnection | undefined): void {
    if (!connection || this.connection !== connection) return;
    this.retry(new Error('the connection was lost'));
  }

  /** For ever, with growing pauses: 0, 0.1, 0.2 … 2 s, and some chance, so that not all come at once. */
  private retry(cause: unknown): void {
    clearTimeout(this.timer);
    this.connection?.close();
    this.connection = undefined;
    if (this.stopped) return;
    if (this.failures === 1) this.logger.warn({ err: cause }, 'Redis is away');
    const wait = this.failures === 0 ? 0 : Math.min(50 * 2 ** this.failures, longestRetryMs);
    this.failures++;
    this.timer = setTimeout(
      () => void this.connect(this.config.url!),
      wait * (1 + Math.random() / 5),
    );
    this.timer.unref();
  }
}

import { createClient } from '@redis/client';

import { KeyRing } from '../../src/platform/crypto/index.js';
import { redisInstalled, RedisServer } from './redis-server.js';
import type { TestApp } from './test-app.js';

/** A place for sessions, and what a test does to it behind the service's back. */
export interface SessionStore {
  readonly name: string;
  readonly installed: boolean;
  /** Starts it; gives the environment that makes the service use it. */
  start(): Promise<Record<string, string>>;
  stop(): Promise<void>;
  /** Makes the last rotation of a user's sessions an earlier one. */
  rotatedBefore(app: TestApp, userId: string, seconds: number): Promise<void>;
  /** Sets when a user's sessions are over: in any case, or without use. Seconds from now. */
  endsIn(app: TestApp, userId: string, seconds: number): Promise<void>;
  idleEndsIn(app: TestApp, userId: string, seconds: number): Promise<void>;
  idleSecondsLeft(app: TestApp, userId: string): Promise<number>;
  generations(app: TestApp, userId: string): Promise<number[]>;
  /** All that is stored of a user's sessions. */
  stored(app: TestApp, userId: string): Promise<Buffer[]>;
}

class PostgresStore implements SessionStore {
  readonly name = 'PostgreSQL';
  readonly installed = true;

  start(): Promise<Record<string, string>> {
    return Promise.resolve({});
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  rotatedBefore(app: TestApp, userId: string, seconds: number): Promise<void> {
    return this.set(app, userId, 'rotated_at', -seconds);
  }

  endsIn(app: TestApp, userId: string, seconds: number): Promise<void> {
    return this.set(app, userId, 'expires_at', seconds);
  }

  idleEndsIn(app: TestApp, userId: string, seconds: number): Promise<void> {
    return this.set(app, userId, 'idle_expires_at', seconds);
  }

  async idleSecondsLeft(app: TestApp, userId: string): Promise<number> {
    const [row] = await this.rows(
      app,
      'extract(epoch FROM idle_expires_at - now())::float8 AS n',
      userId,
    );
    return row!['n'] as number;
  }

  async generations(app: TestApp, userId: string): Promise<number[]> {
    return (await this.rows(app, 'generation', userId)).map((row) => row['generation'] as number);
  }

  async stored(app: TestApp, userId: string): Promise<Buffer[]> {
    const rows = await this.rows(app, '*', userId);
    return rows.flatMap((row) => Object.values(row)).filter((value) => Buffer.isBuffer(value));
  }

  private async set(app: TestApp, userId: string, column: string, seconds: number): Promise<void> {
    await app.database.superuser.query(
      `UPDATE sessions SET ${column} = now() + make_interval(secs => $2) WHERE user_id = $1`,
      [userId, seconds],
    );
  }

  private async rows(
    app: TestApp,
    columns: string,
    userId: string,
  ): Promise<Record<string, unknown>[]> {
    const sql = `SELECT ${columns} FROM sessions WHERE user_id = $1`;
    return (await app.database.superuser.query<Record<string, unknown>>(sql, [userId])).rows;
  }
}

class RedisStore implements SessionStore {
  readonly name = 'Redis';
  readonly installed = redisInstalled;
  server!: RedisServer;

  async start(): Promise<Record<string, string>> {
    this.server = await RedisServer.start();
    return { REDIS_URL: this.server.url };
  }

  stop(): Promise<void> {
    return this.server.remove();
  }

  rotatedBefore(app: TestApp, userId: string, seconds: number): Promise<void> {
    return this.set(app, userId, 'r', -seconds);
  }

  endsIn(app: TestApp, userId: string, seconds: number): Promise<void> {
    return this.set(app, userId, 'x', seconds);
  }

  async idleEndsIn(app: TestApp, userId: string, seconds: number): Promise<void> {
    for (const key of await this.keys(app, userId)) {
      await this.server.call('PEXPIRE', key, String(seconds * 1000));
    }
  }

  async idleSecondsLeft(app: TestApp, userId: string): Promise<number> {
    const [key] = await this.keys(app, userId);
    return Number(await this.server.call('PTTL', key!)) / 1000;
  }

  async generations(app: TestApp, userId: string): Promise<number[]> {
    const keys = await this.keys(app, userId);
    return Promise.all(keys.map(async (key) => Number(await this.server.call('HGET', key, 'g'))));
  }

  async stored(app: TestApp, userId: string): Promise<Buffer[]> {
    const client = createClient({ url: this.server.url, maintNotifications: 'disabled' });
    await client.connect();
    const keys = await this.keys(app, userId);
    const dumps = await Promise.all(
      keys.map((key) =>
        client.sendCommand<Buffer>(['HVALS', key], { typeMapping: { 36: Buffer } }),
      ),
    );
    client.destroy();
    return dumps.flat();
  }

  /** Keys of a user's sessions. */
  async keys(app: TestApp, userId: string): Promise<string[]> {
    const user = app.app.get(KeyRing).mac('sessions', `user:${userId}`).toString('base64url');
    const index = `gatehouse:sessions:u:${user}`;
    const ids = (await this.server.call('ZRANGE', index, '0', '-1')) as string[];
    return ids.map((id) => `gatehouse:sessions:s:${id}`);
  }

  private async set(app: TestApp, userId: string, field: string, seconds: number): Promise<void> {
    const time = String(Date.now() + seconds * 1000);
    for (const key of await this.keys(app, userId)) {
      await this.server.call('HSET', key, field, time);
    }
  }
}

export const sessionStores: readonly SessionStore[] = [new PostgresStore(), new RedisStore()];

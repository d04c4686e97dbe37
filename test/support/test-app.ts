import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';

import { createApp } from '../../src/app.js';
import { AuditReader } from '../../src/features/audit/index.js';
import { AccountsService } from '../../src/features/users/index.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { runAs } from '../../src/platform/context/request-context.js';
import { MasterKey, type Passphrase } from '../../src/platform/crypto/index.js';
import { DatabaseConnection, serviceRole } from '../../src/platform/database/index.js';
import { Metrics } from '../../src/platform/telemetry/metrics.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

export const goodPassword = 'a ship in port is safe';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** Parsed JSON, or the text when it is none. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into any answer
  body: any;
}

export interface Call {
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

export interface SignedIn {
  id: string;
  email: string;
  username: string;
  accessToken: string;
  refreshToken: string;
}

export interface TestAppOptions {
  /** Environment variables beside those that tests need. */
  env?: Record<string, string>;
  features?: DynamicModule['imports'];
  /** Where log lines go; nowhere when not given. */
  log?: (line: string) => void;
  /** Share the database of another application, as a second instance does. */
  database?: TestDatabase;
  masterKey?: MasterKey | Passphrase;
}

/** The application over a real database, called without a socket unless a test listens. */
export class TestApp {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly database: TestDatabase,
    private readonly ownsDatabase: boolean,
    readonly masterKey: MasterKey | Passphrase,
  ) {}

  static async start(options: TestAppOptions = {}): Promise<TestApp> {
    const database = options.database ?? (await createTestDatabase());
    const config = loadConfig({
      NODE_ENV: 'test',
      LOG_LEVEL: options.log ? 'info' : 'silent',
      RATE_LIMIT_SCALE: '1000',
      LOAD_EVENT_LOOP_LAG_MS: '0', // a busy machine is no reason to fail
      PROCESS_ROLES: 'api', // jobs are kept; a test that wants them done says so
      DATA_DIR: join(tmpdir(), 'gatehouse-test'),
      ...options.env,
    });
    const masterKey = options.masterKey ?? new MasterKey(randomBytes(32), 'the test');
    const app = await createApp(
      {
        config,
        connection: new DatabaseConnection(database.serviceUrl, serviceRole),
        masterKey,
        metrics: new Metrics(),
        logger: options.log
          ? pino({ level: 'info' }, { write: options.log })
          : pino({ level: 'silent' }),
      },
      options.features,
    );
    return new TestApp(app, database, !options.database, masterKey);
  }

  async close(): Promise<void> {
    await this.app.close();
    if (this.ownsDatabase) await this.database.drop();
  }

  async call(method: string, url: string, { body, token, headers }: Call = {}): Promise<Answer> {
    const response = await this.app.inject({
      method: method as 'GET',
      url,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && {
        payload: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    });
    const isJson = /[/+]json/.test(String(response.headers['content-type']));
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      body: isJson ? (response.json() as unknown) : response.body,
    };
  }

  get(url: string, call?: Call): Promise<Answer> {
    return this.call('GET', url, call);
  }

  post(url: string, body: unknown, call?: Call): Promise<Answer> {
    return this.call('POST', url, { ...call, body });
  }

  /** Registers a member and signs in. */
  async member(name = randomName()): Promise<SignedIn> {
    const email = `${name}@example.com`;
    const registered = await this.post('/api/v1/auth/register', {
      email,
      username: name,
      password: goodPassword,
      passwordConfirmation: goodPassword,
    });
    if (registered.status !== 201) throw new Error(JSON.stringify(registered.body));
    return this.signIn(registered.body.id as string, name);
  }

  /** Makes an administrator as set-up does, and signs in. */
  async administrator(name = randomName()): Promise<SignedIn> {
    const user = await runAs('operator', 'test', () =>
      this.app.get(AccountsService).createAdministrator({
        email: `${name}@example.com`,
        username: name,
        password: goodPassword,
      }),
    );
    return this.signIn(user.id, name);
  }

  /** Signs an existing user in, once more. */
  async signIn(id: string, username: string): Promise<SignedIn> {
    const { status, body } = await this.post('/api/v1/auth/login', {
      identifier: username,
      password: goodPassword,
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return {
      id,
      email: `${username}@example.com`,
      username,
      accessToken: body.accessToken as string,
      refreshToken: body.refreshToken as string,
    };
  }

  /** Audit events, oldest first. */
  async audit(action?: string): Promise<Record<string, unknown>[]> {
    const { rows } = await this.database.superuser.query<Record<string, unknown>>(
      'SELECT * FROM audit_events WHERE $1::text IS NULL OR action = $1 ORDER BY id',
      [action ?? null],
    );
    const events = await this.app.get(AuditReader).read(rows.map(({ leaf }) => leaf as string));
    return rows.map((row, i) => {
      const { actor, category, origin, outcome, payload, target, time } = events[i]!;
      return {
        ...row,
        ...{ category, outcome, payload, occurred_at: new Date(time) },
        actor_kind: actor.kind,
        target_kind: target?.kind ?? null,
        address: origin?.address ?? null,
        user_agent: origin?.userAgent ?? null,
      };
    });
  }
}

export function randomName(): string {
  return `user-${randomBytes(5).toString('hex')}`;
}

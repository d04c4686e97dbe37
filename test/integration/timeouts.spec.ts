import { setTimeout as delay } from 'node:timers/promises';

import { Controller, Get, Module } from '@nestjs/common';

import { Access } from '../../src/platform/access/index.js';
import { Database } from '../../src/platform/database/index.js';
import { toAppError } from '../../src/platform/errors/to-app-error.js';
import { Deadline } from '../../src/platform/http/deadline.js';
import { TestApp } from '../support/test-app.js';

@Controller('dawdling')
@Access.public()
class DawdlingController {
  @Get('usual')
  usual(): Promise<object> {
    return this.dawdle();
  }

  @Get('slow')
  @Deadline('slow')
  slow(): Promise<object> {
    return this.dawdle();
  }

  private dawdle(): Promise<object> {
    return delay(700, { done: true });
  }
}

@Module({ controllers: [DawdlingController] })
class DawdlingModule {}

describe('Time limits', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({
      env: { HTTP_HANDLER_TIMEOUT_MS: '200', DATABASE_QUERY_TIMEOUT_MS: '500' },
      features: [DawdlingModule],
    });
  });
  afterAll(() => app.close());

  const codeOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'done',
      (error: unknown) => toAppError(error).code,
    );

  it('[PE-08] of a route are those of its class', async () => {
    const [usual, slow] = await Promise.all(
      ['usual', 'slow'].map((name) => app.get(`/api/v1/dawdling/${name}`)),
    );
    expect(usual).toMatchObject({ status: 504, body: { code: 'server.timeout' } });
    expect(slow).toMatchObject({ status: 200, body: { done: true } });
  });

  it('[PE-08] end a statement, and waiting for a lock', async () => {
    const database = app.app.get(Database);
    expect(await codeOf(database.rows('SELECT pg_sleep(9)'))).toBe('database.unavailable');
    await app.database.superuser.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const waiting = codeOf(database.rows('SELECT 1 FROM users'));
    expect(await waiting).toBe('database.unavailable');
    await app.database.superuser.query('ROLLBACK');
    expect(await codeOf(database.rows('SELECT 1 FROM users'))).toBe('done');
  });
});

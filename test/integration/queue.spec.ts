import { Module } from '@nestjs/common';
import { register } from 'prom-client';

import { type TaskName, tasks } from '../../src/catalogue/tasks.js';
import { currentContext } from '../../src/platform/context/request-context.js';
import { Database } from '../../src/platform/database/index.js';
import { type JobInfo, Queue } from '../../src/platform/queue/index.js';
import { eventually } from '../support/processes.js';
import { TestApp } from '../support/test-app.js';

jest.setTimeout(60_000);

const task = 'test.task' as TaskName;
Object.assign(tasks, { [task]: { description: 'What these tests want done', maxAttempts: 3 } });

interface Run {
  payload: { name: string };
  job: JobInfo;
  by: string | undefined;
}

/** What was done, in this order. */
const runs: Run[] = [];
const work = new Map<string, () => Promise<void>>();

@Module({})
class TaskModule {
  constructor(queue: Queue) {
    queue.handle(task, async (payload, job) => {
      const run = { payload: payload as unknown as Run['payload'], job };
      runs.push({ ...run, by: currentContext()?.requestId });
      await work.get(run.payload.name)?.();
    });
  }
}

const features = [{ module: TaskModule }];
const namesOf = (name: string): Run[] => runs.filter(({ payload }) => payload.name === name);
const add = (app: TestApp, name: string, options = {}): Promise<void> =>
  app.app.get(Queue).add(task, { name } as never, options);

describe('The queue', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start({ features, env: { PROCESS_ROLES: 'api,worker' } });
  });
  afterAll(() => app.close());

  it('[V11.3.2] obeys no job that should be sealed and is not, or is sealed for another task', async () => {
    const queue = app.app.get(Queue);
    const info = { id: '1', attempt: 1, last: false };
    const letter = { payload: { id: 'x', name: 'invitation', to: 'eve@example.com', data: {} } };
    await expect(queue.perform('mail.send', letter, info)).rejects.toThrow('is not sealed');
    const later = { runAt: new Date(Date.now() + 3_600_000) };
    await queue.add('passwords.forgotten', { email: 'ada@example.com' }, later);
    const { rows } = await app.database.superuser.query<{ payload: { sealed: string } }>(
      'SELECT payload FROM graphile_worker._private_jobs WHERE payload::text LIKE $1',
      ['%sealed%'],
    );
    expect(rows).toHaveLength(1);
    const [{ payload } = { payload: {} }] = rows;
    await expect(queue.perform('addresses.confirm_again', payload, info)).rejects.toThrow();
    await app.database.superuser.query('DELETE FROM graphile_worker._private_jobs');
  });

  const jobs = async (): Promise<Record<string, unknown>[]> =>
    (await app.database.superuser.query('SELECT * FROM graphile_worker.jobs')).rows as Record<
      string,
      unknown
    >[];

  it('does what was added by a transaction that committed, and nothing of one that did not', async () => {
    const database = app.app.get(Database);
    await expect(
      database.transaction(async () => {
        await add(app, 'rolled back');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await database.transaction(async () => {
      await add(app, 'committed');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(namesOf('committed')).toEqual([]);
    });
    await eventually(() => expect(namesOf('committed')).toHaveLength(1));
    expect(namesOf('committed')[0]!.by).toMatch(/^job-\d+$/);
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(namesOf('rolled back')).toEqual([]);
  });

  it('tries again what failed, as the same job, and gives it up after the last try', async () => {
    work.set('failing', () => Promise.reject(new Error('not today')));
    await add(app, 'failing', { maxAttempts: 2 });
    await eventually(() => expect(namesOf('failing')).toHaveLength(2), 20_000);
    const [first, second] = namesOf('failing');
    expect(second!.job).toEqual({ id: first!.job.id, attempt: 2, last: true });
    await eventually(async () =>
      expect(await jobs()).toMatchObject([{ attempts: 2, max_attempts: 2, locked_at: null }]),
    );
    const counted = await register.getSingleMetricAsString('queue_jobs_total');
    expect(counted).toContain(`{task="${task}",outcome="retry"} 1`);
    expect(counted).toContain(`{task="${task}",outcome="failed"} 1`);
    await app.database.superuser.query('DELETE FROM graphile_worker._private_jobs');
  });

  it('lets the newest of jobs with one key replace the others, and waits for its time', async () => {
    const later = { jobKey: 'one', runAt: new Date(Date.now() + 1_500) };
    await add(app, 'older', later);
    await add(app, 'newer', later);
    expect(await jobs()).toHaveLength(1);
    await eventually(() => expect(namesOf('newer')).toHaveLength(1), 20_000);
    expect(namesOf('older')).toEqual([]);
  });

  it('begins a job anew whose worker died, and leaves alone what a living one does', async () => {
    let finish = (): void => undefined;
    work.set('long', () => new Promise<void>((resolve) => (finish = resolve)));
    await add(app, 'long');
    await eventually(() => expect(namesOf('long')).toHaveLength(1));
    await app.database.superuser.query(
      `UPDATE graphile_worker._private_jobs SET locked_at = now() - interval '1 minute'`,
    );
    await app.database.superuser.query(
      `WITH job AS (SELECT (graphile_worker.add_job('${task}', '{"payload": {"name": "orphan"}}')).id)
       SELECT FROM job`,
    );
    await eventually(() => expect(namesOf('orphan')).toHaveLength(1));
    await app.database.superuser.query(
      `INSERT INTO graphile_worker._private_jobs (task_id, payload, attempts, locked_at, locked_by)
       SELECT id, '{"payload": {"name": "orphaned"}}', 1, now() - interval '20 seconds', 'pool-of-the-dead'
       FROM graphile_worker._private_tasks WHERE identifier = '${task}'`,
    );
    await eventually(() => expect(namesOf('orphaned')).toHaveLength(1), 40_000);
    expect(namesOf('orphaned')[0]!.job.attempt).toBe(2);
    expect(namesOf('long')).toHaveLength(1);
    finish();
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it('survives the loss of its connections, and works on', async () => {
    for (let loss = 0; loss < 3; loss++) {
      await app.database.superuser.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'gatehouse-worker' AND datname = current_database()`,
      );
      await eventually(() => add(app, `after loss ${loss}`));
      await eventually(() => expect(namesOf(`after loss ${loss}`)).toHaveLength(1), 20_000);
    }
  });

  it('finishes a job that runs when the service stops, and gives back one that does not end', async () => {
    let finished = false;
    work.set('short', async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      finished = true;
    });
    work.set('endless', () => new Promise(() => undefined));
    const other = await TestApp.start({ features, env: { PROCESS_ROLES: 'api,worker' } });
    const { superuser } = other.database;
    await add(other, 'short');
    await add(other, 'endless');
    await eventually(() => expect(namesOf('short').concat(namesOf('endless'))).toHaveLength(2));
    await other.app.close();
    expect(finished).toBe(true);
    const { rows } = await superuser.query(
      'SELECT attempts, locked_at, last_error FROM graphile_worker.jobs',
    );
    expect(rows).toEqual([{ attempts: 1, locked_at: null, last_error: 'the service stops' }]);
    await other.database.drop();
  });
});

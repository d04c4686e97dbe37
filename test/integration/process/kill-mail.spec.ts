import { randomBytes } from 'node:crypto';

import { MasterKey } from '../../../src/platform/crypto/index.js';
import { QueueRepository } from '../../../src/platform/queue/queue.repository.js';
import { Mailbox } from '../../support/mailbox.js';
import { eventually, temporaryFolder } from '../../support/processes.js';
import { account, endServices, ServiceProcess } from '../../support/service-process.js';
import { TestApp } from '../../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

jest.setTimeout(90_000);

let database: TestDatabase;
let mailbox: Mailbox;
let app: TestApp | undefined;

beforeEach(async () => {
  database = await createTestDatabase();
  mailbox = await Mailbox.start();
});
afterEach(async () => {
  await endServices();
  await app?.close();
  await mailbox.close();
  await database.drop();
});

it('[F01] kill -9 in the middle of a mail: another instance delivers it', async () => {
  const key = randomBytes(32);
  const SMTP_URL = `smtp://127.0.0.1:${mailbox.port}?tls=never`;
  let handed = 0;
  mailbox.verdict = () => {
    handed++;
    return new Promise(() => undefined); // the server takes its time
  };
  const service = await ServiceProcess.start({
    env: {
      DATABASE_URL: database.serviceUrl,
      MIGRATION_DATABASE_URL: database.ownerUrl,
      DATA_DIR: await temporaryFolder(),
      MASTER_KEY: key.toString('base64'),
      SMTP_URL,
    },
  });
  const user = account();
  expect((await service.post('/api/v1/auth/register', user)).status).toBe(201);
  await eventually(() => expect(handed).toBe(1), 20_000);
  service.signal('SIGKILL');
  await service.exited;

  mailbox.verdict = () => Promise.resolve();
  const env = { PROCESS_ROLES: 'api,worker', SMTP_URL };
  const masterKey = new MasterKey(key, 'the test');
  app = await TestApp.start({ database, masterKey, env });
  const repository = app.app.get(QueueRepository);
  // A worker has ten seconds to show that it lives; the search for the dead runs at intervals.
  await database.superuser.query(
    `UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '1 minute'`,
  );
  await eventually(async () => expect(await repository.releaseOrphans()).toBe(1));
  await eventually(() => expect(mailbox.to(user.email)).toHaveLength(1), 20_000);
  expect(mailbox.to(user.email)[0]!.subject).toBe('Confirm your address');
  await eventually(async () => {
    const { rowCount } = await database.superuser.query('SELECT FROM graphile_worker.jobs');
    expect(rowCount).toBe(0);
  });
});

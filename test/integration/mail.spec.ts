import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { register } from 'prom-client';

import { Database } from '../../src/platform/database/index.js';
import { Mails } from '../../src/platform/mail/index.js';
import { Mailbox, makeCertificate, outboxOf } from '../support/mailbox.js';
import { eventually } from '../support/processes.js';
import { TestApp } from '../support/test-app.js';

jest.setTimeout(60_000);

let folder: string;
let mailbox: Mailbox | undefined;
let app: TestApp | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-mail-'));
});
afterEach(async () => {
  await app?.close();
  await mailbox?.close();
  app = mailbox = undefined;
  await rm(folder, { recursive: true, force: true });
});

const start = async (env: Record<string, string>, log?: (line: string) => void): Promise<TestApp> =>
  (app = await TestApp.start({
    env: { PROCESS_ROLES: 'api,worker', DATA_DIR: folder, ...env },
    ...(log && { log }),
  }));

const link = 'https://gatehouse.example.com/account#reset:token';
const send = (to = 'ada@example.com', data = {}, options = {}): Promise<void> =>
  app!.app
    .get(Mails)
    .send('reset_password', to, { username: 'ada', link, validity: 'long', ...data }, options);

const jobs = async (): Promise<Record<string, unknown>[]> =>
  (await app!.database.superuser.query('SELECT * FROM graphile_worker._private_jobs'))
    .rows as Record<string, unknown>[];

/** Lets waiting jobs begin now instead of after their pause. */
const hurry = async (): Promise<void> => {
  await app!.database.superuser.query('UPDATE graphile_worker._private_jobs SET run_at = now()');
};

describe('A mail', () => {
  it('goes out over SMTP as text and HTML when its transaction commits, and not otherwise', async () => {
    mailbox = await Mailbox.start();
    await start({
      SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?tls=never`,
      MAIL_FROM: 'The House <house@example.com>',
    });
    const database = app!.app.get(Database);
    const failed = database.transaction(async () => {
      await send('nobody@example.com');
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await database.transaction(() => send());
    await eventually(() => expect(mailbox!.mails).toHaveLength(1));
    const [mail] = mailbox.mails;
    expect(mail).toMatchObject({ to: 'ada@example.com', subject: 'Set a new password' });
    expect(mail!.raw).toMatch(/^From: The House <house@example\.com>\r$/m);
    expect(mail!.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(mail!.messageId).toMatch(/^<[0-9a-f-]{36}@example\.com>$/);
    expect(mail!.text).toContain(`\n${link}\n`);
    expect(mail!.html).toContain(`href="${link}"`);
    await eventually(async () => expect(await jobs()).toEqual([]));
  });

  it('[V1.3.11] cannot be given headers, recipients or markup by what stands in it', async () => {
    mailbox = await Mailbox.start();
    await start({ SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?tls=never` });
    const nasty = 'ada\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>"';
    await send('ada@example.com', { username: nasty });
    await send('ada@example.com, eve@example.com');
    await send('ada@example.com\r\nBcc: eve@example.com');
    await eventually(() => expect(mailbox!.mails.length).toBeGreaterThanOrEqual(1));
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(mailbox.recipients.flat().filter((address) => address.startsWith('eve'))).toEqual([]);
    const [mail] = mailbox.mails;
    expect(mail!.raw).not.toMatch(/^Bcc/im);
    expect(mail!.html).not.toContain('<script');
    expect(mail!.text).not.toMatch(/^Bcc/m);
  });

  it('waits sealed in the queue while the server is away, and arrives once when it is back', async () => {
    mailbox = await Mailbox.start();
    const { port } = mailbox;
    await mailbox.close();
    const lines: string[] = [];
    await start({ SMTP_URL: `smtp://127.0.0.1:${port}?tls=never` }, (line) => lines.push(line));
    await send();
    await eventually(async () =>
      expect(await jobs()).toMatchObject([{ attempts: 1, locked_at: null }]),
    );
    const waiting = JSON.stringify(await jobs());
    expect(waiting).not.toMatch(/ada|example|token/);
    expect(lines.join('')).not.toMatch(/ada@|#reset/);
    await mailbox.open(port);
    await hurry();
    await eventually(() => expect(mailbox!.mails).toHaveLength(1), 20_000);
    await eventually(async () => expect(await jobs()).toEqual([]));
    expect(mailbox.mails).toHaveLength(1);
  });

  it('is tried again after a passing refusal, with the same Message-ID, and not after a final one', async () => {
    mailbox = await Mailbox.start();
    await start({ SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?tls=never` });
    const refuse = (responseCode: number) => () =>
      Promise.reject(Object.assign(new Error('Not for ada@example.com'), { responseCode }));
    mailbox.verdict = refuse(451);
    await send();
    await eventually(async () =>
      expect(await jobs()).toMatchObject([
        { last_error: expect.stringMatching(/EMESSAGE.* 451$/) },
      ]),
    );
    mailbox.verdict = refuse(554);
    await hurry();
    await eventually(async () => expect(await jobs()).toEqual([]), 20_000);
    expect(mailbox.mails).toEqual([]);
    const counted = await register.getSingleMetricAsString('mails_total');
    expect(counted).toMatch(/\{mail="reset_password",outcome="refused"\} [1-9]/);
  });

  it('that has become worthless is not sent any more', async () => {
    mailbox = await Mailbox.start();
    await start({ SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?tls=never` });
    await send('ada@example.com', {}, { until: new Date(Date.now() - 1_000) });
    await eventually(async () => expect(await jobs()).toEqual([]));
    await send('bob@example.com', {}, { until: new Date(Date.now() + 60_000) });
    await eventually(() => expect(mailbox!.recipients).toEqual([['bob@example.com']]));
  });

  it.each(['implicit', 'STARTTLS'])(
    '[V12.3.2] goes over %s TLS to a server that proves its name, and to no other',
    async (kind) => {
      const { key, cert } = makeCertificate(folder);
      mailbox = await Mailbox.start({
        secure: kind === 'implicit',
        key: await readFile(key),
        cert: await readFile(cert),
        disabledCommands: ['AUTH'],
      });
      const scheme = kind === 'implicit' ? 'smtps' : 'smtp';
      const SMTP_URL = `${scheme}://localhost:${mailbox.port}`;
      await start({ SMTP_URL });
      await send();
      await eventually(async () =>
        expect(await jobs()).toMatchObject([{ attempts: 1, locked_at: null }]),
      );
      expect(mailbox.mails).toEqual([]);
      await app!.close();
      await start({ SMTP_URL, SMTP_CA_FILE: cert });
      await send();
      await eventually(() => expect(mailbox!.mails).toHaveLength(1));
    },
  );

  it('[V12.3.2] is not handed to a server that offers no TLS', async () => {
    mailbox = await Mailbox.start(); // without STARTTLS
    await start({ SMTP_URL: `smtp://127.0.0.1:${mailbox.port}` });
    await send();
    await eventually(async () =>
      expect(await jobs()).toMatchObject([{ attempts: 1, locked_at: null }]),
    );
    expect(mailbox.connections).toBeGreaterThan(0);
    expect(mailbox.mails).toEqual([]);
  });

  it('is a file in DATA_DIR/outbox, for its owner only, when there is no SMTP_URL', async () => {
    await start({});
    await send();
    await eventually(async () => expect(await outboxOf(folder)).toHaveLength(1));
    const [mail] = await outboxOf(folder);
    expect(mail).toMatchObject({ to: 'ada@example.com', subject: 'Set a new password' });
    const [name] = await readdir(join(folder, 'outbox'));
    expect((await stat(join(folder, 'outbox', name!))).mode & 0o777).toBe(0o600);
  });

  it('says what a template of MAIL_TEMPLATES_DIR says', async () => {
    await writeFile(join(folder, 'reset_password.txt'), 'Subject: Neu, {{username}}\n\n{{link}}\n');
    await start({ MAIL_TEMPLATES_DIR: folder });
    await send();
    await eventually(async () => expect(await outboxOf(folder)).toHaveLength(1));
    const [mail] = await outboxOf(folder);
    expect(mail).toMatchObject({ subject: 'Neu, ada', text: expect.stringContaining(link) });
    expect(mail!.html).toContain('All sessions of the account end');
  });
});

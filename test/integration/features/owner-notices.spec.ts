import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Authenticator } from '../../support/authenticator.js';
import { Mailbox, type ReceivedMail } from '../../support/mailbox.js';
import { eventually } from '../../support/processes.js';
import { type Answer, goodPassword, type SignedIn, TestApp } from '../../support/test-app.js';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';

describe('Owners hear of what somebody else may have done', () => {
  let app: TestApp;
  let mailbox: Mailbox;
  let folder: string;
  let ada: SignedIn;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-notices-'));
    mailbox = await Mailbox.start();
    app = await TestApp.start({
      env: {
        PROCESS_ROLES: 'api,worker',
        DATA_DIR: folder,
        SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?tls=never`,
        TRUSTED_PROXIES: '127.0.0.1',
      },
    });
  });
  afterAll(async () => {
    await app.close();
    await mailbox.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    ada = await app.member();
  });

  const login = (userAgent: string, address = '203.0.113.7'): Promise<Answer> =>
    app.post(
      '/api/v1/auth/login',
      { identifier: ada.username, password: goodPassword },
      { headers: { 'user-agent': userAgent, 'x-forwarded-for': address } },
    );
  const notices = (): ReceivedMail[] =>
    mailbox
      .to(ada.email)
      .filter(({ subject }) => /sign-in|signed out|second factor|API key/.test(subject));
  const subjects = (): string[] => notices().map(({ subject }) => subject);

  it('[AC-02][V6.3.7] of an API key that was made or renewed, in words that nobody else wrote', async () => {
    const token = ada.accessToken;
    const made = await app.post('/api/v1/api-keys', { name: 'Win a prize', scopes: [] }, { token });
    const { id, key } = made.body as { id: string; key: string };
    await eventually(() => expect(notices()).toHaveLength(1));
    await app.post(`/api/v1/api-keys/${id}/rotate`, {}, { token });
    await eventually(() => expect(notices()).toHaveLength(2));
    expect(new Set(subjects())).toEqual(new Set(['There is a new API key for your account']));
    const [first, second] = notices().map(({ text }) => text.replace(/\s+/g, ' '));
    expect(first).toContain('was made');
    expect(second).toContain('got a new secret');
    for (const secret of ['Win a prize', key, id]) expect(first).not.toContain(secret);
  });

  it('[ID-08][V6.3.5] of a sign-in from a new device: once, and not of the very first', async () => {
    expect((await login(firefox)).status).toBe(200);
    await eventually(() => expect(subjects()).toEqual(['New sign-in to your account']));
    expect(notices()[0]!.text).toContain('Firefox on Linux');
    expect(notices()[0]!.text).toContain('203.0.113.7');
    await login(firefox);
    await Promise.all(Array.from({ length: 3 }, () => login('another one')));
    await eventually(() => expect(subjects().length).toBeGreaterThanOrEqual(2));
    const devices = subjects().filter((subject) => subject === 'New sign-in to your account');
    expect(devices).toHaveLength(2);
  });

  it('[ID-08] of a session that had to go', async () => {
    for (let n = 0; n < 5; n++) await login('lightMyRequest', '127.0.0.1');
    await eventually(() => expect(subjects()).toContain('You were signed out on one device'));
  });

  it('[ID-09][V6.3.7] of a second factor that was added or removed', async () => {
    await Authenticator.enrol(app, ada);
    await app.call('DELETE', '/api/v1/auth/mfa/totp', { token: ada.accessToken });
    await eventually(() =>
      expect(subjects()).toEqual([
        'Your second factor was changed',
        'Your second factor was changed',
      ]),
    );
    const texts = notices().map(({ text }) => text.replaceAll('\n', ' '));
    expect(texts.some((text) => text.includes('an authenticator app was added'))).toBe(true);
    expect(texts.some((text) => text.includes('the authenticator app was removed'))).toBe(true);
  });
});

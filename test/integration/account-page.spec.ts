import type { AddressInfo } from 'node:net';

import type { Browser, BrowserContext, Page } from 'puppeteer-core';

import { describeWithChromium, startChromium } from '../support/chromium.js';
import { Mailbox } from '../support/mailbox.js';
import { eventually } from '../support/processes.js';
import { goodPassword, randomName, type SignedIn, TestApp } from '../support/test-app.js';

const newPassword = 'the tide waits for nobody';

describeWithChromium('The page behind the links in mails, in Chromium', () => {
  let app: TestApp;
  let mailbox: Mailbox;
  let browser: Browser;
  let visitor: BrowserContext;
  let page: Page;
  let origin: string;
  let ada: SignedIn;

  beforeAll(async () => {
    mailbox = await Mailbox.start();
    app = await TestApp.start({
      env: {
        PROCESS_ROLES: 'api,worker',
        SMTP_URL: `smtp://127.0.0.1:${mailbox.port}?tls=never`,
        PUBLIC_URL: 'https://house.example.com',
      },
    });
    await app.app.listen(0, '127.0.0.1');
    const { port } = app.app.getHttpServer().address() as AddressInfo;
    origin = `http://localhost:${port}`;
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
    await mailbox.close();
  });
  beforeEach(async () => {
    ada = await app.member();
    visitor = await browser.createBrowserContext();
    page = await visitor.newPage();
  });
  afterEach(() => visitor.close());

  /** The link of the newest mail with this subject, as the browser of the test reaches it. */
  async function link(to: string, subject: string): Promise<string> {
    const found = (): string | undefined =>
      mailbox
        .to(to)
        .filter((mail) => mail.subject === subject)
        .map(({ text }) => /https:\/\/house\.example\.com(\/account#\w+:[\w-]{43})/.exec(text)?.[1])
        .at(-1);
    await eventually(() => expect(found()).toBeDefined(), 20_000);
    return origin + found()!;
  }

  /** Opens a link; the form that is offered then. */
  async function open(address: string): Promise<string> {
    await page.goto(address);
    return offered();
  }

  async function offered(): Promise<string> {
    await page.waitForFunction('location.hash === ""');
    return page.$$eval('form:not([hidden])', (forms) => forms.map(({ id }) => id).join());
  }

  /** Fills the form in, presses its button and gives what the page says then. */
  async function send(fields: Record<string, string> = {}): Promise<string> {
    await page.bringToFront(); // else it waits for a frame that is never drawn
    await page.$eval('#message', (message) => (message.textContent = ''));
    for (const [name, value] of Object.entries(fields)) {
      const field = `form:not([hidden]) [name=${name}]`;
      await page.$eval(field, (input) => ((input as { value?: string }).value = ''));
      await page.type(field, value);
    }
    await page.click('form:not([hidden]) button');
    await page.waitForFunction("document.querySelector('#message').textContent !== ''");
    return page.$eval('#message', (message) => message.textContent);
  }

  const signIn = async (password: string): Promise<number> =>
    (await app.post('/api/v1/auth/login', { identifier: ada.username, password })).status;
  const twice = (password: string): Record<string, string> => ({
    password,
    passwordConfirmation: password,
  });

  it('[ID-02] confirms an address by the button, not by being opened, and once', async () => {
    const verified = async (): Promise<unknown> =>
      (await app.get('/api/v1/users/me', { token: ada.accessToken })).body.emailVerified;
    const address = await link(ada.email, 'Confirm your address');
    expect(await open(address)).toBe('confirm');
    expect(page.url()).toBe(`${origin}/account`);
    expect(await verified()).toBe(false);
    expect(await send()).toBe('Your address is confirmed.');
    expect(await verified()).toBe(true);
    await page.goto('about:blank');
    await open(address);
    expect(await send()).toMatch(/^The link is not good any more\./);
  });

  it('[ID-02] sends a link and sets a password with it, in the same tab', async () => {
    expect(await open(`${origin}/account#forgot`)).toBe('forgot');
    expect(await send({ email: ada.email })).toBe(
      'If the address has an account, a link is on its way.',
    );
    const address = await link(ada.email, 'Set a new password');
    const reloaded = page.waitForNavigation({ waitUntil: 'load' });
    await page.evaluate(`location.href = ${JSON.stringify(address)}`);
    await reloaded;
    await page.waitForSelector('form#reset:not([hidden])');
    expect(await offered()).toBe('reset');
    expect(await send({ password: newPassword, passwordConfirmation: goodPassword })).toBe(
      'The two passwords differ.',
    );
    expect(await send(twice('passwordpassword'))).toMatch(/^password/);
    expect(await send(twice(newPassword))).toBe('Your password is set. Sign in with it.');
    expect([await signIn(goodPassword), await signIn(newPassword)]).toEqual([401, 200]);
  });

  it('[ID-01] makes an account on invitation', async () => {
    const { accessToken: token } = await app.administrator();
    const name = randomName();
    const email = `${name}@example.com`;
    const invited = await app.post('/api/v1/invitations', { email }, { token });
    expect(invited.status).toBe(201);
    expect(await open(await link(email, 'You are invited'))).toBe('invite');
    expect(await send({ email, username: name, ...twice(newPassword) })).toBe(
      'Your account is made. Sign in.',
    );
    const answer = await app.post('/api/v1/auth/login', {
      identifier: email,
      password: newPassword,
    });
    expect(answer.status).toBe(200);
  });

  it('[ID-14] takes the deletion of an account back, once', async () => {
    const deleted = await app.call('DELETE', '/api/v1/users/me', { token: ada.accessToken });
    expect(deleted.status).toBe(204);
    const address = await link(ada.email, 'Your account was deleted');
    expect(await open(address)).toBe('restore');
    expect(await signIn(goodPassword)).toBe(401);
    expect(await send()).toBe('Your account is back. Sign in.');
    expect(await signIn(goodPassword)).toBe(200);
    await page.goto('about:blank');
    await open(address);
    expect(await send()).toMatch(/^There is nothing to restore\./);
  });

  it.each(['', '#', '#reset', '#nothing:token', '#__proto__:token', '#restore:'])(
    'opened with %j, offers nothing',
    async (fragment) => {
      expect(await open(`${origin}/account${fragment}`)).toBe('');
      expect(await page.$eval('#message', (message) => message.textContent)).toBe(
        'Open this page with a link from a mail.',
      );
    },
  );
});

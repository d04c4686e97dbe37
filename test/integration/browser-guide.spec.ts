import { readFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Browser, BrowserContext, Page } from 'puppeteer-core';

import { describeWithChromium, startChromium } from '../support/chromium.js';
import { eventually } from '../support/processes.js';
import { goodPassword, randomName, TestApp } from '../support/test-app.js';

const api = '/api/v1';

/** Serves one page, and what begins with /api from Gatehouse where it has a port. */
async function serve(page: string, gatehouse?: () => number): Promise<[Server, number]> {
  const server = createServer((request, response) => {
    if (!gatehouse || !request.url!.startsWith('/api')) {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(page);
      return;
    }
    const { method, url, headers } = request;
    const onward = httpRequest({ port: gatehouse(), method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  }).listen(0);
  await new Promise((done) => server.once('listening', done));
  return [server, (server.address() as AddressInfo).port];
}

describeWithChromium('The page of docs/guides/browser.md in Chromium', () => {
  const servers: Server[] = [];
  /** Status and route of each POST that Gatehouse answered. */
  const answers: string[] = [];
  let app: TestApp;
  let browser: Browser;
  let visitor: BrowserContext;
  let name: string;
  let direct = 0;
  /** Addresses of the page: with the API's origin, with a listed one; and of pages nobody listed. */
  let own: string;
  let listed: string;
  let neighbour: string;
  let stranger: string;

  beforeAll(async () => {
    const guide = await readFile('docs/guides/browser.md', 'utf8');
    const [, page] = /```html\n([\s\S]*?)```/.exec(guide)!;
    const at = (address: string): string =>
      page!.replace('https://gatehouse.example.com/api/v1', address);
    const add = async (...given: Parameters<typeof serve>): Promise<number> => {
      const [server, port] = await serve(...given);
      servers.push(server);
      return port;
    };
    direct = await freePort();
    own = `http://localhost:${await add(at(api), () => direct)}`;
    listed = `http://localhost:${await add(at(`http://localhost:${direct}${api}`))}`;
    neighbour = `http://localhost:${await add('<!doctype html><title>Neighbour</title>')}`;
    stranger = `http://127.0.0.1:${await add('<!doctype html><title>Stranger</title>')}`;
    app = await TestApp.start({
      env: { PUBLIC_URL: own, CORS_ORIGINS: listed },
      log: (line) => {
        const entry = JSON.parse(line) as Record<string, string>;
        if (entry['msg'] !== 'request' || entry['method'] !== 'POST') return;
        answers.push(`${entry['status']} ${entry['route']!.slice(api.length)}`);
      },
    });
    await app.app.listen(direct);
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
    await app.close();
  });
  beforeEach(async () => {
    name = randomName();
    await app.member(name);
    visitor = await browser.createBrowserContext();
  });
  afterEach(() => visitor.close());

  async function open(address: string): Promise<Page> {
    const page = await visitor.newPage();
    await page.goto(address);
    return page;
  }

  /** Does something and gives what the page shows for it. */
  async function shown(page: Page, act: () => Promise<unknown>): Promise<string> {
    const text = (): Promise<string> => page.$eval('#output', (output) => output.textContent);
    await page.bringToFront(); // else it waits for a frame that is never drawn
    await page.$eval('#output', (output) => (output.textContent = ''));
    await act();
    await page.waitForFunction("document.querySelector('#output').textContent !== ''");
    return text();
  }

  const signIn = (page: Page): Promise<string> =>
    shown(page, async () => {
      await page.type('[name=identifier]', name);
      await page.type('[name=password]', goodPassword);
      await page.click('#sign-in button');
    });
  const press = (page: Page, button: string): Promise<string> =>
    shown(page, () => page.click(button));
  const rename = (page: Page, to: string): Promise<string> =>
    shown(page, async () => {
      await page.type('[name=displayName]', to);
      await page.click('#rename button');
    });
  const displayName = async (): Promise<unknown> => {
    const sql = 'SELECT display_name FROM users WHERE username = $1';
    const { rows } = await app.database.superuser.query<{ display_name: unknown }>(sql, [name]);
    return rows[0]!.display_name;
  };

  it.each(['its own origin', 'a listed origin'])(
    '[ID-13][PE-05] signs in, calls, refreshes and signs out from %s',
    async (where) => {
      const page = await open(where === 'its own origin' ? own : listed);
      expect(await press(page, '#me')).toBe('401 auth.required');
      expect(await signIn(page)).toBe('200 Cookie');
      expect(await press(page, '#me')).toBe(`200 ${name}`);
      expect(await rename(page, 'Ada')).toBe('200 Ada');

      const cookies = await visitor.cookies();
      expect(cookies.map((cookie) => cookie.name).sort()).toEqual(
        ['access', 'csrf', 'refresh'].map((part) => `__Host-gatehouse-${part}`),
      );
      for (const { secure, httpOnly, sameSite, path } of cookies) {
        expect([secure, httpOnly, sameSite, path]).toEqual([true, true, 'Strict', '/']);
      }
      expect(await page.evaluate('document.cookie')).toBe('');

      const access = cookies.filter((cookie) => cookie.name.endsWith('access'));
      await visitor.deleteCookie(...access); // as Chromium does when it is over
      expect(await press(page, '#me')).toBe('200 Ada');
      expect((await visitor.cookies()).length).toBe(3);
      await page.reload();
      expect(await rename(page, 'Grace')).toBe('200 Grace');
      expect(await press(page, '#sign-out')).toBe('204 done');
      expect(await visitor.cookies()).toEqual([]);
      expect(await press(page, '#me')).toBe('401 auth.required');
    },
  );

  /**
   * Has a page send a POST that needs no preflight; gives what Gatehouse answered. The page itself
   * does not get to see it, and Chromium not even the status.
   */
  async function attack(address: string, path: string, body?: string): Promise<string> {
    const page = await open(address);
    const before = answers.length;
    const send = `fetch(${JSON.stringify(`http://localhost:${direct}${api}${path}`)}, {
      method: 'POST', mode: 'no-cors', credentials: 'include', body: ${body === undefined ? 'undefined' : JSON.stringify(body)},
    }).catch(() => undefined)`;
    await page.evaluate(send);
    await eventually(() => expect(answers.length).toBeGreaterThan(before));
    return answers.at(-1)!;
  }

  it('[PE-05][V3.5.1] a neighbour that nobody listed has the cookies sent, and is refused', async () => {
    const page = await open(listed);
    expect(await signIn(page)).toBe('200 Cookie');
    expect(await attack(neighbour, '/auth/logout')).toBe('403 /auth/logout');
    expect(await attack(neighbour, '/auth/refresh')).toBe('403 /auth/refresh');
    expect(await press(page, '#me')).toBe(`200 ${name}`);
    expect(await displayName()).toBeNull();
  });

  it('[PE-05][V3.5.1] the page of another site gets no cookie sent, and is refused', async () => {
    const page = await open(listed);
    expect(await signIn(page)).toBe('200 Cookie');
    expect(await attack(stranger, '/auth/logout')).toBe('401 /auth/logout');
    const login = JSON.stringify({ identifier: name, password: goodPassword, mode: 'cookie' });
    expect(await attack(stranger, '/auth/login', login)).toBe('415 /auth/login');
    expect(await press(page, '#me')).toBe(`200 ${name}`);
  });

  it.each(['neighbour', 'stranger'])(
    '[PE-03][PE-05] a %s that asks as JSON is stopped at the preflight',
    async (who) => {
      const page = await open(who === 'neighbour' ? neighbour : stranger);
      const body = JSON.stringify({ identifier: name, password: goodPassword, mode: 'cookie' });
      const outcome = await page.evaluate(`fetch('http://localhost:${direct}${api}/auth/login', {
        method: 'POST', credentials: 'include', body: ${JSON.stringify(body)},
        headers: { 'content-type': 'application/json' },
      }).then((response) => String(response.status), () => 'stopped')`);
      expect(outcome).toBe('stopped');
      expect(await visitor.cookies()).toEqual([]);
    },
  );
});

async function freePort(): Promise<number> {
  const [server, port] = await serve('');
  await new Promise((done) => server.close(done));
  return port;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { stopLoads } from './load.js';
import { endFolders, within } from './processes.js';
import type { Answer, Call } from './test-app.js';

const root = resolve(import.meta.dirname, '../..');
const services = new Set<ServiceProcess>();

export interface ServiceOptions {
  /** All the process gets to know beside PATH, HOME and what keeps tests apart. */
  env?: Record<string, string>;
  /** Through `npm start`, which builds nothing here. */
  npm?: boolean;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The built service in a process of its own, called over its socket. */
export class ServiceProcess {
  /** What it wrote to stdout, line by line. */
  readonly lines: string[] = [];
  stderr = '';
  /** Where it listens, once it is ready. */
  url = '';
  /** Resolves when it is gone, and with it whoever shares its stdout. */
  readonly exited: Promise<Exit>;
  private gone = false;
  private readonly becameReady: Promise<void>;
  private readonly child: ChildProcess;

  private constructor({ env, npm }: ServiceOptions) {
    const [command, args] = npm
      ? ['npm', ['start', '--ignore-scripts']]
      : [process.execPath, ['--enable-source-maps', 'dist/main.js']];
    this.child = spawn(command, args, {
      cwd: root,
      detached: true, // a group of its own, as a terminal gives
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
        HOME: process.env['HOME'],
        PORT: '0',
        RATE_LIMIT_SCALE: '10000',
        npm_lifecycle_event: 'test', // so that it stops by itself when the tests are killed
        ...env,
      },
    });
    this.exited = new Promise((done) =>
      this.child.once('close', (code, signal) => {
        this.gone = true;
        done({ code, signal });
      }),
    );
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.becameReady = new Promise((done, fail) => {
      createInterface({ input: this.child.stdout! }).on('line', (line) => {
        this.lines.push(line);
        const entry = parsed(line);
        if (entry?.['msg'] !== 'Ready') return;
        this.url = String(entry['url']);
        done();
      });
      void this.exited.then(() => fail(new Error(`ended before it was ready: ${this.output}`)));
    });
    this.becameReady.catch(() => undefined);
    services.add(this);
  }

  /** Starts it and waits until it serves. */
  static async start(options: ServiceOptions = {}): Promise<ServiceProcess> {
    const service = new ServiceProcess(options);
    await service.ready();
    return service;
  }

  /** Starts it and does not wait. */
  static launch(options: ServiceOptions = {}): ServiceProcess {
    return new ServiceProcess(options);
  }

  async ready(): Promise<void> {
    await within(30_000, this.becameReady, () => `not ready: ${this.output}`);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get running(): boolean {
    return !this.gone;
  }

  get output(): string {
    return `${this.lines.join('\n')}\n${this.stderr}`;
  }

  /** Token of the set-up link that it printed, if any. */
  get setupToken(): string | undefined {
    return /\/setup#(\S+)/.exec(this.stderr)?.[1];
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** As Ctrl-C in a terminal does: to every process of the group. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal);
    return within(30_000, this.exited, () => `does not stop: ${this.output}`);
  }

  /** Kills it with its children, those in other groups excepted. */
  async end(): Promise<void> {
    if (!this.gone) this.signalGroup('SIGKILL');
    await this.exited;
  }

  /** Rejects when there is no answer in `timeoutMs`, or no connection. */
  async call(
    method: string,
    path: string,
    { body, token, headers }: Call = {},
    timeoutMs = 10_000,
  ): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
    };
  }

  get(path: string, call?: Call): Promise<Answer> {
    return this.call('GET', path, call);
  }

  post(path: string, body: unknown, call?: Call): Promise<Answer> {
    return this.call('POST', path, { ...call, body });
  }

  async status(path: string, call?: Call): Promise<number> {
    return (await this.get(path, call)).status;
  }
}

/** Ends everything that a test started, however it ended. */
export async function endServices(): Promise<void> {
  for (const service of services) await service.end();
  services.clear();
  await stopLoads(); // their calls end with the services
  await endFolders();
}

export function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

export const goodPassword = 'a ship in port is safe';

export function account(name = `user-${randomBytes(5).toString('hex')}`): {
  email: string;
  username: string;
  password: string;
  passwordConfirmation: string;
} {
  const email = `${name}@example.com`;
  return { email, username: name, password: goodPassword, passwordConfirmation: goodPassword };
}

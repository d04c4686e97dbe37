import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { Client } from 'pg';

import {
  DataDirInUseError,
  EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from '../../src/platform/database/embedded/index.js';

jest.setTimeout(60_000);

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? it : it.skip;
const onLinux = process.platform === 'linux' ? it : it.skip;
const NOBODY = 65534;

let base: string;
let dataDir: string;
let logged: string[];
const running = new Set<EmbeddedPostgres>();
const children = new Set<ChildProcess>();

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-embedded-')));
  chmodSync(base, 0o755);
  dataDir = join(base, 'data');
  logged = [];
});

afterEach(async () => {
  for (const child of children) await killAndWait(child);
  children.clear();
  for (const postgres of running) await postgres.stop();
  running.clear();
  // A test that killed its child leaves a server behind; the next start adopts and ends it.
  if (isAlive(postmasterPid())) await (await start()).stop();
  expect(isAlive(postmasterPid())).toBe(false);
  running.clear();
  await rm(base, { recursive: true, force: true });
});

async function start(extra: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const log = (message: string): number => logged.push(message);
  const settings = { fsync: 'off' };
  const postgres = await EmbeddedPostgres.start({ dataDir, log, settings, ...extra });
  running.add(postgres);
  return postgres;
}

async function query<T>(url: string, sql: string, values: unknown[] = []): Promise<T[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(sql, values)).rows as T[];
  } finally {
    await client.end().catch(() => {});
  }
}

async function eventually<T>(attempt: () => Promise<T>, withinMs = 10_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

function postmasterPid(): number {
  const file = join(dataDir, 'postgres', 'postmaster.pid');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0;
}

function isAlive(pid: number): boolean {
  try {
    return (
      pid > 0 && process.kill(pid, 0) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z')
    );
  } catch {
    return false;
  }
}

/** Ids of all processes that work inside the cluster's directory: server and backends. */
async function serverProcesses(): Promise<string[]> {
  const { readlink } = await import('node:fs/promises');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(
    pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')),
  );
  return pids.filter((_, index) => folders[index] === join(dataDir, 'postgres'));
}

interface Holder {
  readonly child: ChildProcess;
  /** First line it printed: `started <ownerUrl>` or `refused <error name> <message>`. */
  readonly line: string;
}

/** A process of its own that starts the server and then waits. Node strips the types itself. */
async function spawnHolder(
  then = '',
  identity: { uid?: number; gid?: number } = {},
  prefix: readonly string[] = [],
): Promise<Holder> {
  const hook = `import{registerHooks}from'node:module';registerHooks({resolve(s,c,n){return n(
    /^\\.\\.?\\/.*\\.js$/.test(s)&&c.parentURL?.endsWith('.ts')?s.slice(0,-3)+'.ts':s,c)}})`;
  const index = pathToFileURL(resolve('src/platform/database/embedded/index.ts')).href;
  const script = `
    const { EmbeddedPostgres } = await import(${JSON.stringify(index)});
    const options = { dataDir: ${JSON.stringify(dataDir)}, log() {}, settings: { fsync: 'off' } };
    try {
      const postgres = await EmbeddedPostgres.start(options);
      console.log('started', postgres.ownerUrl);
      process.once('SIGTERM', () => postgres.stop().then(() => process.exit()));
      ${then}
    } catch (error) {
      console.log('refused', error.name, error.message.replaceAll('\\n', ' '));
    }`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`];
  const [command = '', ...rest] = [...prefix, process.execPath, ...args];
  const child = spawn(command, [...rest, '--input-type=module', '-e', script], {
    ...identity,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return { child, line };
}

async function killAndWait(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

const ownerUrlOf = (holder: Holder): string => {
  expect(holder.line).toMatch(/^started postgres:/);
  return holder.line.slice('started '.length);
};

describe('a fresh DATA_DIR', () => {
  it('[DA-01] gets roles of least privilege and an UTF-8 database with checksums', async () => {
    const { ownerUrl, serviceUrl } = await start();
    await query(ownerUrl, 'CREATE TABLE notes (id int)');
    await query(ownerUrl, 'GRANT SELECT ON notes TO gatehouse_service');
    await expect(query(serviceUrl, 'SELECT * FROM notes')).resolves.toEqual([]);
    await expect(query(serviceUrl, 'INSERT INTO notes VALUES (1)')).rejects.toThrow(/permission/);
    await expect(query(serviceUrl, 'CREATE TABLE mine (id int)')).rejects.toThrow(/permission/);
    await expect(query(serviceUrl, 'CREATE TEMP TABLE t (id int)')).rejects.toThrow(/permission/);
    await expect(query(ownerUrl, 'CREATE ROLE other')).rejects.toThrow(/permission/);
    const elsewhere = serviceUrl.replace(/gatehouse$/, 'postgres');
    await expect(query(elsewhere, 'SELECT 1')).rejects.toThrow(/permission denied for database/);
    const [facts] = await query<Record<string, unknown>>(
      ownerUrl,
      `SELECT datlocprovider AS provider, datlocale AS locale, pg_encoding_to_char(encoding) AS
       encoding, pg_get_userbyid(datdba) AS owner, current_setting('data_checksums') AS checksums,
       current_setting('listen_addresses') AS address FROM pg_database WHERE datname = 'gatehouse'`,
    );
    expect(facts).toEqual({
      ...{ provider: 'b', locale: 'C.UTF-8', encoding: 'UTF8', owner: 'gatehouse_owner' },
      ...{ checksums: 'on', address: '127.0.0.1' },
    });
    const wrong = ownerUrl.replace(/:[^:@]+@/, ':guess@');
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('[DA-01] is closed to other users', async () => {
    await start();
    const mode = async (name: string): Promise<number> =>
      (await stat(join(dataDir, name))).mode & 0o777;
    expect(await mode('.')).toBe(0o700);
    expect(await mode('postgres')).toBe(0o700);
    expect(await mode('postgres-passwords.json')).toBe(0o600);
    expect(await mode('postgres.log')).toBe(0o600);
  });

  it('[DA-01][F01] ignores what an initdb killed half way left', async () => {
    await mkdir(join(dataDir, 'postgres.initdb-0123', 'base'), { recursive: true });
    const { ownerUrl } = await start();
    await expect(query(ownerUrl, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect(existsSync(join(dataDir, 'postgres.initdb-0123'))).toBe(false);
  });

  it('[DA-01][F01] survives kill -9 at any moment of the first start', async () => {
    for (const afterMs of [150, 400, 700, 1100]) {
      const starting = spawnHolder().catch(() => undefined);
      await delay(afterMs);
      for (const child of children) await killAndWait(child);
      void starting;
    }
    const { ownerUrl } = await start();
    await expect(query(ownerUrl, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  it('[DA-01] that cannot be written is named with the fix', async () => {
    await writeFile(dataDir, 'a file');
    await expect(start()).rejects.toThrow(
      new RegExp(`^DATA_DIR ${dataDir} cannot be written .*set`),
    );
    await rm(dataDir);
    if (process.platform !== 'linux') return;
    await expect(start({ dataDir: '/proc/data' })).rejects.toThrow(/^DATA_DIR \/proc\/data cannot/);
  });
});

describe('restart', () => {
  it('[DA-01] keeps the data and the URLs', async () => {
    const first = await start();
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    const second = await start();
    expect(second.ownerUrl).toBe(first.ownerUrl);
    await expect(query(second.ownerUrl, 'SELECT n FROM kept')).resolves.toEqual([{ n: 7 }]);
  });

  it('[DA-01] takes another port when its own is taken', async () => {
    const first = await start();
    await first.stop();
    const squatter = createServer().listen(Number(new URL(first.ownerUrl).port), '127.0.0.1');
    await once(squatter, 'listening');
    const second = await start();
    expect(new URL(second.ownerUrl).port).not.toBe(new URL(first.ownerUrl).port);
    await expect(query(second.ownerUrl, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    squatter.close();
  });

  it('[DA-01] heals a lost password file', async () => {
    const first = await start();
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    await rm(join(dataDir, 'postgres-passwords.json'));
    const second = await start();
    expect(second.ownerUrl).not.toBe(first.ownerUrl);
    await expect(query(second.ownerUrl, 'SELECT n FROM kept')).resolves.toEqual([{ n: 7 }]);
  });

  it('[DA-01] starts a log of more than 10 MB anew, and quotes it when the start fails', async () => {
    await (await start()).stop();
    await truncate(join(dataDir, 'postgres.log'), 11 * 1024 * 1024);
    const wrong = start({ settings: { shared_buffers: 'plenty' } });
    await expect(wrong).rejects.toThrow(/did not start[^]*invalid value.*"shared_buffers"/);
    expect((await stat(join(dataDir, 'postgres.log'))).size).toBeLessThan(1024 * 1024);
  });

  it('[DA-01] refuses data that is not ours', async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
    await expect(start()).rejects.toThrow(/holds data of PostgreSQL 17/);
    await rm(join(dataDir, 'postgres', 'PG_VERSION'));
    await expect(start()).rejects.toThrow(/is not a PostgreSQL cluster/);
  });
});

describe('kill -9', () => {
  it('[DA-01][F01] of the service: the next start adopts the server, data intact', async () => {
    const holder = await spawnHolder();
    await query(ownerUrlOf(holder), 'CREATE TABLE kept AS SELECT 7 AS n');
    await killAndWait(holder.child);
    const pid = postmasterPid();
    expect(isAlive(pid)).toBe(true);
    const { ownerUrl } = await start();
    expect(postmasterPid()).toBe(pid);
    expect(ownerUrl).toBe(ownerUrlOf(holder));
    await expect(query(ownerUrl, 'SELECT n FROM kept')).resolves.toEqual([{ n: 7 }]);
  });

  it('[DA-01][F01][F03] of the server: back on the same port with every acknowledged row', async () => {
    const onCrash = jest.fn();
    const { ownerUrl } = await start({ onCrash, settings: {} });
    await query(ownerUrl, 'CREATE TABLE acked (n int)');
    for (let round = 0; round < 3; round++) await crashWhileWriting(ownerUrl, round * 1000);
    expect(onCrash).toHaveBeenCalledTimes(3);
  });

  /** Inserts rows until the server is killed, then finds all that were acknowledged. */
  async function crashWhileWriting(ownerUrl: string, from: number): Promise<void> {
    const client = new Client({ connectionString: ownerUrl });
    client.on('error', () => {});
    await client.connect();
    const acked: number[] = [];
    const pid = postmasterPid();
    for (let n = from; ; n++) {
      if (n === from + 50) process.kill(pid, 'SIGKILL');
      const ok = await client.query('INSERT INTO acked VALUES ($1)', [n]).then(
        () => true,
        () => false,
      );
      if (!ok) break;
      acked.push(n);
    }
    await client.end().catch(() => {});
    expect(acked.length).toBeGreaterThanOrEqual(50);
    const sql = 'SELECT n FROM acked WHERE n >= $1 ORDER BY n';
    const rows = await eventually(() => query<{ n: number }>(ownerUrl, sql, [from]));
    expect(rows.map((row) => row.n)).toEqual(expect.arrayContaining(acked));
    // At most the one in flight may be there beyond the acknowledged ones.
    expect(rows.length).toBeLessThanOrEqual(acked.length + 1);
    await eventually(async () => expect(postmasterPid()).not.toBe(pid));
  }

  it('[DA-01][F03] of an adopted server is healed as well', async () => {
    const holder = await spawnHolder();
    await query(ownerUrlOf(holder), 'CREATE TABLE kept AS SELECT 7 AS n');
    await killAndWait(holder.child);
    const { ownerUrl } = await start();
    const pid = postmasterPid();
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect(isAlive(pid)).toBe(false));
    const rows = await eventually(() => query(ownerUrl, 'SELECT n FROM kept'));
    expect(rows).toEqual([{ n: 7 }]);
  });

  it('[DA-01][F01] of both leaves a stale postmaster.pid that does not matter', async () => {
    const holder = await spawnHolder();
    await query(ownerUrlOf(holder), 'CREATE TABLE kept AS SELECT 7 AS n');
    const pid = postmasterPid();
    await killAndWait(holder.child);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect(isAlive(pid)).toBe(false));
    const { ownerUrl } = await start();
    expect(postmasterPid()).not.toBe(pid);
    await expect(query(ownerUrl, 'SELECT n FROM kept')).resolves.toEqual([{ n: 7 }]);
  });

  async function writePidFile(pid: number | undefined): Promise<void> {
    const lines = [pid, join(dataDir, 'postgres'), 1, 15_000, '', '127.0.0.1', '', 'ready'];
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), `${lines.join('\n')}\n`);
  }

  it('[DA-01][F01] and its process id reused by a stranger: the stranger is left alone', async () => {
    await (await start()).stop();
    const stranger = spawn('sleep', ['60']);
    children.add(stranger);
    await writePidFile(stranger.pid);
    const { ownerUrl } = await start();
    await expect(query(ownerUrl, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  });

  onLinux('[DA-01][F01] and nobody collects its zombie, as in many containers', async () => {
    await (await start()).stop();
    // The shell's child ends after the shell became `sleep`, which does not wait for it.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60']);
    children.add(parent);
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    await eventually(async () => {
      expect(readFileSync(`/proc/${line}/stat`, 'utf8')).toContain(') Z ');
    });
    await writePidFile(Number(line));
    const { ownerUrl } = await start();
    await expect(query(ownerUrl, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  onLinux('[DA-01][F03] a server that hangs is replaced at the next start', async () => {
    const holder = await spawnHolder();
    const pid = postmasterPid();
    await killAndWait(holder.child);
    process.kill(pid, 'SIGSTOP');
    const { ownerUrl } = await start();
    expect(isAlive(pid)).toBe(false);
    await expect(query(ownerUrl, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });
});

describe('one process per DATA_DIR', () => {
  it('[DA-01] refuses a second start, naming the holder', async () => {
    const holder = await spawnHolder();
    ownerUrlOf(holder);
    const second = start();
    await expect(second).rejects.toBeInstanceOf(DataDirInUseError);
    await expect(second).rejects.toMatchObject({ dataDir, pid: holder.child.pid });
    await expect(second).rejects.toThrow(`DATA_DIR ${dataDir} is in use by process`);
    await query(ownerUrlOf(holder), 'SELECT 1');
  });

  asRoot('[DA-01] refuses a start in another container that shares the volume', async () => {
    await start();
    // A network namespace of its own, as containers have: abstract sockets end there.
    const { line } = await spawnHolder('', {}, ['unshare', '-n']);
    expect(line).toMatch(/^refused DataDirInUseError .* in use by process/);
  });

  it('[DA-01] of two simultaneous starts exactly one wins', async () => {
    const holders = await Promise.all([spawnHolder(), spawnHolder(), spawnHolder()]);
    const outcomes = holders.map(({ line }) => line.split(' ').slice(0, 2).join(' '));
    expect(outcomes.filter((outcome) => outcome.startsWith('started'))).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'refused DataDirInUseError')).toHaveLength(2);
  });

  it('[DA-01] lets others attach without the lock', async () => {
    await expect(EmbeddedPostgres.attach(dataDir)).resolves.toBeNull();
    const holder = await spawnHolder();
    const urls = await EmbeddedPostgres.attach(dataDir);
    expect(urls?.ownerUrl).toBe(ownerUrlOf(holder));
    await expect(query(urls?.serviceUrl ?? '', 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    await killAndWait(holder.child, 'SIGTERM');
    await expect(EmbeddedPostgres.attach(dataDir)).resolves.toBeNull();
  });
});

describe('stop', () => {
  onLinux(
    '[DA-01] leaves no process, in spite of open connections, and may be repeated',
    async () => {
      const postgres = await start();
      const client = new Client({ connectionString: postgres.ownerUrl });
      client.on('error', () => {});
      await client.connect();
      expect((await serverProcesses()).length).toBeGreaterThan(3);
      await Promise.all([postgres.stop(), postgres.stop()]);
      await expect(serverProcesses()).resolves.toEqual([]);
      await postgres.stop();
      await client.end().catch(() => {});
    },
  );

  onLinux('[DA-01][F03] during a restart after a crash leaves no process either', async () => {
    const postgres = await start();
    for (const waitMs of [0, 20, 60]) {
      process.kill(postmasterPid(), 'SIGKILL');
      await delay(waitMs);
      if (waitMs < 60) await eventually(() => query(postgres.ownerUrl, 'SELECT 1'));
    }
    await postgres.stop();
    await eventually(async () => expect(await serverProcesses()).toEqual([]));
  });

  onLinux('[DA-01] is not needed when the process exits by itself', async () => {
    const { child } = await spawnHolder('process.exit(0);');
    if (child.exitCode === null) await once(child, 'exit');
    await eventually(async () => expect(await serverProcesses()).toEqual([]));
  });

  onLinux('[DA-01] Ctrl-C in a terminal does not reach the server before us', async () => {
    await start();
    const pid = postmasterPid();
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const [processGroup, session] = [fields[2], fields[3]];
    expect([processGroup, session]).toEqual([`${pid}`, `${pid}`]);
  });
});

describe('users', () => {
  asRoot('[DA-01] an ordinary user can run it', async () => {
    chownSync(base, NOBODY, NOBODY);
    const holder = await spawnHolder('', { uid: NOBODY, gid: NOBODY });
    await expect(query(ownerUrlOf(holder), 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
    expect((await stat(join(dataDir, 'postgres'))).uid).toBe(NOBODY);
    await killAndWait(holder.child, 'SIGTERM');
  });

  asRoot(
    '[DA-01] root runs it as the owner of the directory, to whom all files belong',
    async () => {
      await mkdir(dataDir);
      chownSync(dataDir, NOBODY, NOBODY);
      const { ownerUrl } = await start();
      await expect(query(ownerUrl, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
      for (const name of (await readdir(dataDir)).filter((entry) => !entry.endsWith('.sock'))) {
        expect([name, (await stat(join(dataDir, name))).uid]).toEqual([name, NOBODY]);
      }
    },
  );

  asRoot('[DA-01] root without a way through a namespace gives the data to nobody', async () => {
    const first = await start();
    await query(first.ownerUrl, 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    // Closed to its owner root when stripped of its powers, open to others.
    chmodSync(base, 0o005);
    const { ownerUrl } = await start();
    await expect(query(ownerUrl, 'SELECT n FROM kept')).resolves.toEqual([{ n: 7 }]);
    expect((await stat(join(dataDir, 'postgres'))).uid).toBe(NOBODY);
  });

  asRoot('[DA-01] root that finds no way is told what to do', async () => {
    chmodSync(base, 0o000);
    await expect(start()).rejects.toThrow(
      /refuses to run as root.*normal user or set DATABASE_URL/,
    );
    chmodSync(base, 0o755);
    expect((await stat(dataDir)).uid).toBe(0);
  });
});

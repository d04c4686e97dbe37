import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { DataDirInUseError, errorCode } from './errors.js';

/** Held until released, or until the process dies in any way: the kernel closes the socket. */
export interface DataDirLock {
  release(): Promise<void>;
}

/** How long the holder may take to tell its pid, in ms. */
const ANSWER_TIMEOUT_MS = 1000;
/** How long a rival that saw the stale socket file may take to replace ours, in ms. */
const SETTLE_MS = 200;
/** Socket paths end at 107 bytes; the private name is nine longer. */
const LONGEST_ADDRESS = 95;

/**
 * Takes the lock of one DATA_DIR, or says who holds it. The lock is a listening socket that
 * answers with the holder's pid, so that it can neither go stale nor lie.
 * @param dataDir real path of the directory
 * @throws DataDirInUseError when a live process holds it
 */
export async function lockDataDir(
  dataDir: string,
  platform: NodeJS.Platform = process.platform,
): Promise<DataDirLock> {
  const digest = createHash('sha256').update(dataDir).digest('hex');
  if (platform !== 'linux') {
    const address = join(tmpdir(), `gatehouse-${digest.slice(0, 16)}.sock`);
    return acquire(dataDir, address, lockSocketFile);
  }
  const lock = await acquire(dataDir, `\0gatehouse-${digest}`, lockAbstract);
  try {
    const shared = await lockSharedVolume(dataDir);
    return { release: async () => void (await shared?.release(), await lock.release()) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Abstract names end at the container's network namespace, so containers that share a volume
 * do not see each other's; a socket file on that volume they do see. Best effort: some file
 * systems have no sockets, and the path of a socket is limited in length.
 */
async function lockSharedVolume(dataDir: string): Promise<DataDirLock | undefined> {
  const address = join(dataDir, 'lock.sock');
  if (Buffer.byteLength(address) > LONGEST_ADDRESS) return undefined;
  try {
    return await acquire(dataDir, address, lockSocketFile);
  } catch (error) {
    if (error instanceof DataDirInUseError) throw error;
    return undefined;
  }
}

async function acquire(
  dataDir: string,
  address: string,
  take: (address: string) => Promise<DataDirLock | undefined>,
): Promise<DataDirLock> {
  for (let attempt = 1; attempt <= 10; attempt++) {
    const lock = await take(address);
    if (lock) return lock;
    const holder = await askHolder(address);
    if (holder.alive) throw new DataDirInUseError(dataDir, holder.pid);
    // The holder left between our attempt and our question: try again.
    await delay(10 * attempt);
  }
  throw new DataDirInUseError(dataDir, undefined);
}

/** Linux: a name in the kernel's abstract namespace; it vanishes with its process. */
async function lockAbstract(address: string): Promise<DataDirLock | undefined> {
  const server = await listen(address);
  return server && { release: async () => void server.close() };
}

/**
 * A socket file. It is bound under a private name first and then linked (or, over a stale one,
 * renamed) into place, because both are atomic. Of several that replace the same stale file
 * the last one wins; the others notice it after SETTLE_MS and give up.
 */
async function lockSocketFile(address: string): Promise<DataDirLock | undefined> {
  const draft = `${address.slice(0, -5)}-${randomBytes(4).toString('hex')}.sock`;
  const server = await listen(draft);
  if (!server) return undefined;
  try {
    const own = await stat(draft);
    // One left by root must be recognised as stale by an ordinary user as well.
    await chmod(draft, 0o666);
    const isOurs = async (): Promise<boolean> => {
      const now = await stat(address).catch(() => undefined);
      return now !== undefined && now.ino === own.ino && now.dev === own.dev;
    };
    if ((await putInPlace(draft, address)) && (await isOurs())) {
      const release = async (): Promise<void> => {
        if (await isOurs()) await rm(address, { force: true });
        server.close();
      };
      return { release };
    }
  } catch (error) {
    server.close();
    await rm(draft, { force: true });
    throw error;
  }
  server.close();
  await rm(draft, { force: true });
  return undefined;
}

async function putInPlace(draft: string, address: string): Promise<boolean> {
  try {
    await link(draft, address);
    await rm(draft, { force: true });
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  if ((await askHolder(address)).alive) return false;
  await rename(draft, address);
  // Only who saw the stale file can replace ours, and has seen it by now.
  await delay(SETTLE_MS);
  return true;
}

/** Listens on a socket path; undefined when it is taken. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.unref();
      socket.end(`${process.pid}\n`);
    });
    server.once('error', (error) => {
      if (errorCode(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    // `exclusive`: a cluster worker must not share the handle of its siblings.
    server.listen({ path, exclusive: true }, () => resolve(server));
  });
}

interface Holder {
  readonly alive: boolean;
  readonly pid: number | undefined;
}

/** Asks the socket for the pid of its holder. Only a refused connection means "nobody". */
function askHolder(path: string): Promise<Holder> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ path });
    const finish = (alive: boolean): void => {
      socket.destroy();
      const pid = Number.parseInt(answer, 10);
      resolve({ alive, pid: Number.isNaN(pid) ? undefined : pid });
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => finish(true));
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('end', () => finish(true));
    socket.on('error', (error) => {
      const code = errorCode(error);
      finish(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}

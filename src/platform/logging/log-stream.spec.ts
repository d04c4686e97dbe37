import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { LogStream } from './log-stream.js';

const line = (number: number): string => `${String(number).padStart(99, '.')}\n`;

describe('Log stream', () => {
  let dir: string;
  let dropped: number;
  const open: number[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-log-'));
    dropped = 0;
  });
  afterEach(() => {
    for (const fd of open.splice(0)) closeSync(fd);
    rmSync(dir, { recursive: true });
  });

  function file(flags: string | number = 'w'): number {
    const fd = openSync(join(dir, 'log'), flags);
    open.push(fd);
    return fd;
  }

  /** A pipe with both ends in this process, so that nobody reads it unless the test does. */
  function pipe(): number {
    execFileSync('mkfifo', [join(dir, 'log')]);
    return file(constants.O_RDWR | constants.O_NONBLOCK);
  }

  function streamTo(fd: number, maxBytes = 1_000_000): LogStream {
    return new LogStream(fd, maxBytes, (lines) => (dropped += lines));
  }

  const flushed = (stream: LogStream): Promise<void> =>
    new Promise((resolve) => stream.flush(resolve));

  /** All that waits in the pipe, read until there is no more for a while. */
  async function drain(fd: number): Promise<string> {
    let text = '';
    const buffer = Buffer.alloc(65_536);
    for (let idle = 0; idle < 5;) {
      try {
        text += buffer.toString('utf8', 0, readSync(fd, buffer));
        idle = 0;
      } catch {
        idle++;
        await delay(40);
      }
    }
    return text;
  }

  it('[V16.4.1] writes every line, whole and in order', async () => {
    const stream = streamTo(file());
    for (let number = 0; number < 5_000; number++) stream.write(line(number));
    await flushed(stream);
    const expected = Array.from({ length: 5_000 }, (_, number) => line(number)).join('');
    expect(readFileSync(join(dir, 'log'), 'utf8')).toBe(expected);
    expect(dropped).toBe(0);
  });

  it('[F22][V16.4.1] drops and counts what does not fit while nobody reads', async () => {
    const fd = pipe();
    const stream = streamTo(fd, 200_000);
    for (let number = 0; number < 10_000; number++) {
      stream.write(line(number));
      if (number % 500 === 0) await delay(1); // the event loop lives
    }
    expect(dropped).toBeGreaterThan(6_000);
    const lines = (await drain(fd)).split('\n').filter(Boolean);
    expect(lines.length + dropped).toBe(10_000);
    expect(lines.every((text) => text.length === 99)).toBe(true);
    stream.write(line(1));
    await flushed(stream);
    expect(await drain(fd)).toBe(line(1));
  });

  it('[F22] gives up flushing after a second when nobody reads', async () => {
    const stream = streamTo(pipe());
    for (let number = 0; number < 2_000; number++) stream.write(line(number));
    await delay(20);
    const started = performance.now();
    await flushed(stream);
    stream.flushSync();
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it('[F22] writes what waits at the end of the process', async () => {
    const fd = pipe();
    const stream = streamTo(fd);
    for (let number = 0; number < 1_000; number++) stream.write(line(number));
    await delay(20); // the pipe takes 64 kB, the rest waits
    let text = '';
    const buffer = Buffer.alloc(65_536);
    text += buffer.toString('utf8', 0, readSync(fd, buffer));
    stream.flushSync();
    text += await drain(fd);
    expect(text).toBe(Array.from({ length: 1_000 }, (_, number) => line(number)).join(''));
  });

  it('[F22] counts every line as dropped when the reader is gone, and goes on', async () => {
    const fd = file();
    const stream = streamTo(fd);
    closeSync(open.pop()!);
    for (let round = 0; round < 3; round++) {
      stream.write(`${line(1)}${line(2)}`);
      stream.write(line(3));
      await flushed(stream);
    }
    expect(dropped).toBe(9);
    expect(() => stream.flushSync()).not.toThrow();
  });
});

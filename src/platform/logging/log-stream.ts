import { write, writeSync } from 'node:fs';

/** Wait before a full pipe is tried again. Milliseconds. */
const retryMs = 50;
/** Longest time that stopping waits for whoever reads the log. Milliseconds. */
const flushMs = 1_000;

/**
 * Writes lines to a file descriptor without ever waiting for its reader: what does not fit into
 * `maxBytes` is dropped and told to `onDrop`; of a reader that is gone, everything. pino's own
 * stream never returns from its last flush to a full or closed pipe: the process could not stop.
 */
export class LogStream {
  private lines: string[] = [];
  /** What is being written, or waits for room in the pipe. */
  private chunk = Buffer.alloc(0);
  private bytes = 0;
  private state: 'idle' | 'writing' | 'waiting' = 'idle';
  private flushed: (() => void)[] = [];

  constructor(
    private readonly fd: number,
    private readonly maxBytes: number,
    private readonly onDrop: (lines: number) => void,
  ) {}

  write(line: string): void {
    const size = Buffer.byteLength(line);
    if (this.bytes + size > this.maxBytes) {
      this.onDrop(1);
      return;
    }
    this.bytes += size;
    this.lines.push(line);
    if (this.state === 'idle') this.writeChunk();
  }

  /** Calls back when everything is written, or when that takes too long. */
  flush(done: () => void = () => undefined): void {
    if (this.state === 'idle') return done();
    const late = setTimeout(done, flushMs);
    this.flushed.push(() => {
      clearTimeout(late);
      done();
    });
  }

  /** For the end of the process, when callbacks come no more. Gives up when that takes too long. */
  flushSync(): void {
    if (this.state === 'writing') return; // a line in the middle of another helps nobody
    const deadline = performance.now() + flushMs;
    let rest = Buffer.concat([this.chunk, Buffer.from(this.lines.join(''))]);
    [this.lines, this.chunk, this.bytes] = [[], Buffer.alloc(0), 0];
    while (rest.length > 0 && performance.now() < deadline) {
      try {
        rest = rest.subarray(writeSync(this.fd, rest));
      } catch (error) {
        if (!isFull(error)) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
      }
    }
  }

  private writeChunk(): void {
    if (this.chunk.length === 0) {
      this.chunk = Buffer.from(this.lines.join(''));
      this.lines = [];
    }
    if (this.chunk.length === 0) return this.rest();
    this.state = 'writing';
    write(this.fd, this.chunk, (error, written) => this.wrote(error, written));
  }

  private wrote(error: Error | null, written: number): void {
    if (isFull(error)) {
      this.state = 'waiting';
      setTimeout(() => this.writeChunk(), retryMs).unref();
      return;
    }
    if (error) this.onDrop(linesIn(this.chunk));
    const done = error ? this.chunk.length : written;
    this.bytes -= done;
    this.chunk = this.chunk.subarray(done);
    this.writeChunk();
  }

  private rest(): void {
    this.state = 'idle';
    for (const done of this.flushed.splice(0)) done();
  }
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
}

function linesIn(chunk: Buffer): number {
  return chunk.filter((byte) => byte === 0x0a).length;
}

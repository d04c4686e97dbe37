import { type FileHandle, open, readFile } from 'node:fs/promises';

import {
  type Checkpoint,
  NoteError,
  type NoteVerifier,
  openCheckpoint,
} from '../../platform/transparency-log/index.js';

/** A signed checkpoint among what a write that broke off may have left. */
const checkpoints = /(?<=^|\n)[^\n]+\n\d+\n[^\n]+\n\n(?:— [^\n]+\n)+/gu;

/** Checkpoints one after the other, each followed by an empty line; it only grows. */
export class CheckpointFile {
  private last = -1;

  constructor(private readonly path: string) {}

  /**
   * The largest checkpoint in the file; null when there is none yet.
   * @throws NoteError when the file holds one of another log
   */
  async newest(log: NoteVerifier): Promise<Checkpoint | null> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    let newest: Checkpoint | null = null;
    for (const [note] of text.matchAll(checkpoints)) {
      const head = openedIn(this.path, note, log);
      if (head.size > (newest?.size ?? -1)) newest = head;
    }
    this.last = Math.max(this.last, newest?.size ?? -1);
    return newest;
  }

  /** Appends a checkpoint that is larger than the last one. It is on the disk when this returns. */
  async append(size: number, note: string): Promise<boolean> {
    if (size <= this.last) return false;
    const file = await open(this.path, 'a', 0o600);
    try {
      // What broke off before must not be read as the beginning of this one.
      await file.appendFile(`${await isEnded(file, this.path)}${note}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    this.last = size;
    return true;
  }
}

function openedIn(path: string, note: string, log: NoteVerifier): Checkpoint {
  try {
    return openCheckpoint(note, log);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw new NoteError(`a checkpoint in ${path} is not this log's: ${error.message}`);
  }
}

async function isEnded(file: FileHandle, path: string): Promise<'' | '\n\n'> {
  const { size } = await file.stat();
  if (size === 0) return '';
  const reader = await open(path, 'r');
  try {
    const { buffer } = await reader.read({
      buffer: Buffer.alloc(2),
      position: Math.max(0, size - 2),
    });
    return buffer.toString() === '\n\n' ? '' : '\n\n';
  } finally {
    await reader.close();
  }
}

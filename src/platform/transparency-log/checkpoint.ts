import { hashBytes, type TreeHead } from './merkle.js';
import {
  NoteError,
  type NoteSigner,
  type NoteVerifier,
  signNote,
  verifyNote,
} from './signed-note.js';

/** What a log says of itself (C2SP tlog-checkpoint): which log, how many entries, which root. */
export interface Checkpoint extends TreeHead {
  origin: string;
}

export function signCheckpoint({ origin, size, root }: Checkpoint, signer: NoteSigner): string {
  return signNote(`${origin}\n${size}\n${root.toString('base64')}\n`, signer);
}

/** @throws NoteError when the text of a note is no checkpoint */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root] = text.split('\n');
  const hash = Buffer.from(root ?? '', 'base64');
  if (!origin || !/^(0|[1-9]\d{0,15})$/.test(size ?? '') || hash.length !== hashBytes) {
    throw new NoteError('it is no checkpoint');
  }
  return { origin, size: Number(size), root: hash };
}

/**
 * Reads a checkpoint that the log itself has signed.
 * @throws NoteError when it is none, of another log, or not signed by `log`
 */
export function openCheckpoint(note: string, log: NoteVerifier): Checkpoint {
  const checkpoint = parseCheckpoint(verifyNote(note, [log]).text);
  if (checkpoint.origin !== log.name) throw new NoteError('it is the checkpoint of another log');
  return checkpoint;
}

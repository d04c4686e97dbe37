import { type Checkpoint, openCheckpoint } from './checkpoint.js';
import { leafHash, rootFromInclusion } from './merkle.js';
import { NoteError, type NoteVerifier } from './signed-note.js';

const header = 'c2sp.org/tlog-proof@v1';

/** All it takes to show, without the log, that an entry is in it (C2SP tlog-proof). */
export interface TlogProof {
  index: number;
  hashes: Buffer[];
  /** The signed note. */
  checkpoint: string;
}

export function formatTlogProof({ index, hashes, checkpoint }: TlogProof): string {
  const lines = [header, `index ${index}`, ...hashes.map((hash) => hash.toString('base64'))];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** @throws NoteError when it is no such proof */
export function parseTlogProof(text: string): TlogProof {
  const split = text.indexOf('\n\n');
  const [first, ...rest] = text.slice(0, Math.max(0, split)).split('\n');
  if (rest[0]?.startsWith('extra ')) rest.shift();
  const index = /^index (0|[1-9]\d{0,15})$/.exec(rest.shift() ?? '')?.[1];
  if (first !== header || index === undefined) throw new NoteError('it is no proof of a log');
  const hashes = rest.map((line) => Buffer.from(line, 'base64'));
  return { index: Number(index), hashes, checkpoint: text.slice(split + 2) };
}

/**
 * Whether this entry is in the log, at the index of the proof.
 * @returns the checkpoint that the proof leads to
 * @throws NoteError when it does not, or the checkpoint is not the log's
 */
export function verifyTlogProof(text: string, entry: Uint8Array, log: NoteVerifier): Checkpoint {
  const { index, hashes, checkpoint } = parseTlogProof(text);
  const head = openCheckpoint(checkpoint, log);
  const root = rootFromInclusion(index, head.size, leafHash(entry), hashes);
  if (!root?.equals(head.root)) throw new NoteError('the proof does not lead to the checkpoint');
  return head;
}
